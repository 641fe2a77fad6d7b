using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Search;

/// <summary>
/// The first scores of batches of queries with blocks of vectors: products of both rounded to bytes, or where there
/// are none, in fp32. Thread-safe.
/// </summary>
sealed unsafe class QueryProducts : IDisposable
{
    readonly IBackend _backend;
    readonly float[][] _batches;
    readonly Matrix[] _matrices;

    /// <summary>Rounds and packs the queries.</summary>
    /// <param name="backend">The backend that holds them.</param>
    /// <param name="function">The similarity.</param>
    /// <param name="batches">The queries, [count, dimension] each.</param>
    /// <param name="dimension">Elements of a query.</param>
    public QueryProducts(IBackend backend, SimilarityFunction function, float[][] batches, int dimension)
    {
        _backend = backend;
        Function = function;
        _batches = batches;
        _matrices = new Matrix[batches.Length];
        Quantized = new QuantizedQueries[batches.Length];
        AreRounded = function != SimilarityFunction.Manhattan && dimension <= BytePanels.MaxColumns;
        if (!AreRounded) return;
        for (int i = 0; i < batches.Length; i++)
        {
            QuantizedQueries queries = QuantizedQueries.Compute(function, batches[i], dimension);
            nint address = backend.Allocate(queries.Numbers.Length);
            _matrices[i] = new Matrix(address, queries.Rows.Length, dimension, ElementType.Int8);
            backend.Upload<sbyte>(queries.Numbers, _matrices[i]);
            Quantized[i] = queries;
        }
    }

    /// <summary>The similarity.</summary>
    public SimilarityFunction Function { get; }

    /// <summary>Whether the products are those of vectors and queries that are rounded to bytes.</summary>
    public bool AreRounded { get; }

    /// <summary>The rounded queries of each batch; null where they are not rounded.</summary>
    public QuantizedQueries?[] Quantized { get; }

    /// <summary>
    /// Computes the scores of a block, [queries, rows]: products of the numbers, or unrounded ones; negative distances
    /// for Manhattan.
    /// </summary>
    /// <param name="backend">The thread's backend.</param>
    /// <param name="batch">The number of the batch.</param>
    /// <param name="vectors">The block, in the host's memory.</param>
    /// <param name="panels">The block rounded to bytes, in panels.</param>
    /// <param name="scores">Memory for the scores.</param>
    public ReadOnlySpan<float> Compute(IBackend backend, int batch, Matrix vectors, Matrix panels, nint scores)
    {
        int queries = _batches[batch].Length / vectors.Columns;
        Matrix result = new(scores, queries, vectors.Rows);
        if (!AreRounded) ComputePairs(vectors, _batches[batch], result);
        else backend.LinearForward(_matrices[batch], panels, bias: default, result);
        return new((void*)scores, checked((int)result.Count));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Matrix matrix in _matrices) _backend.Free(matrix.Address);
    }

    // Optimized at once: a search of the tool is over before the compiler would get to it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void ComputePairs(Matrix vectors, float[] queries, Matrix result)
    {
        int dimension = vectors.Columns;
        float[] difference = new float[dimension];
        for (int row = 0; row < vectors.Rows; row++)
        {
            ReadOnlySpan<float> vector = new((float*)vectors.Address + (long)row * dimension, dimension);
            float* scores = (float*)result.Address + row;
            for (int query = 0; query < result.Rows; query++)
            {
                ReadOnlySpan<float> other = queries.AsSpan(query * dimension, dimension);
                scores[(long)query * result.Columns] = Function == SimilarityFunction.Manhattan
                    ? NegativeDistance(vector, other, difference)
                    : TensorPrimitives.Dot(vector, other);
            }
        }
    }

    static float NegativeDistance(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> difference)
    {
        TensorPrimitives.Subtract(x, y, difference);
        return -TensorPrimitives.SumOfMagnitudes<float>(difference);
    }
}

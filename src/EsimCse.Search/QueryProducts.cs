using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Search;

/// <summary>The fp32 scores of batches of queries with blocks of vectors. Thread-safe.</summary>
sealed unsafe class QueryProducts : IDisposable
{
    /// <summary>Queries from which a matrix product, whose panels are 32 columns wide, is faster than pairs.</summary>
    const int FewestOfProduct = 12;

    readonly IBackend _backend;
    readonly SimilarityFunction _function;
    readonly float[][] _batches;
    readonly Matrix[] _matrices;
    readonly IDisposable? _frozen;

    /// <summary>Packs the queries for the products.</summary>
    /// <param name="backend">The backend that holds them.</param>
    /// <param name="function">The similarity.</param>
    /// <param name="batches">The queries, [count, dimension] each.</param>
    /// <param name="dimension">Elements of a query.</param>
    public QueryProducts(IBackend backend, SimilarityFunction function, float[][] batches, int dimension)
    {
        _backend = backend;
        _function = function;
        _batches = new float[batches.Length][];
        _matrices = new Matrix[batches.Length];
        for (int i = 0; i < batches.Length; i++)
        {
            float[] queries = function == SimilarityFunction.Cosine ? Normalize(batches[i], dimension) : batches[i];
            nint address = backend.Allocate(queries.Length * sizeof(float));
            _batches[i] = queries;
            _matrices[i] = new Matrix(address, queries.Length / dimension, dimension);
            backend.Upload<float>(queries, _matrices[i]);
        }
        _frozen = backend.FreezeWeights(_matrices);
    }

    /// <summary>
    /// Computes the scores of a block, [rows, queries]: products, with queries of norm 1 for the cosine; negative
    /// distances for Manhattan.
    /// </summary>
    /// <param name="backend">The thread's backend.</param>
    /// <param name="batch">The number of the batch.</param>
    /// <param name="vectors">The block, in the host's memory.</param>
    /// <param name="scores">Memory for the scores.</param>
    public ReadOnlySpan<float> Compute(IBackend backend, int batch, Matrix vectors, nint scores)
    {
        Matrix result = new(scores, vectors.Rows, _matrices[batch].Rows);
        bool isProduct = _function != SimilarityFunction.Manhattan && result.Columns >= FewestOfProduct;
        if (!isProduct) ComputePairs(vectors, _batches[batch], result);
        else backend.LinearForward(vectors, _matrices[batch], bias: default, result);
        return new((void*)scores, checked((int)result.Count));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _frozen?.Dispose();
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
            Span<float> scores = new((float*)result.Address + (long)row * result.Columns, result.Columns);
            for (int query = 0; query < scores.Length; query++)
            {
                ReadOnlySpan<float> other = queries.AsSpan(query * dimension, dimension);
                scores[query] = _function == SimilarityFunction.Manhattan
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

    /// <summary>Divides each query by its norm; one of zeros stays.</summary>
    static float[] Normalize(float[] queries, int dimension)
    {
        float[] normalized = [.. queries];
        for (int from = 0; from < queries.Length; from += dimension)
            VectorNorm.Normalize(normalized.AsSpan(from, dimension));
        return normalized;
    }
}

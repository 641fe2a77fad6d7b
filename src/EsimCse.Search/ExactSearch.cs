using System.Numerics.Tensors;
using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Search;

/// <summary>
/// Exact search: every query is compared with every vector. Blocks of vectors that fit a core's cache are read once
/// for all queries; products in fp32 leave out the rows that cannot be among the best, and the similarities of the
/// others are computed in double, so that neither results nor ties depend on rounding or threads.
/// </summary>
/// <param name="backend">A backend on the host's memory, which reads the mapped vectors.</param>
/// <param name="vectors">The vectors, of fp32.</param>
sealed class ExactSearch(IBackend backend, MappedVectors vectors)
{
    /// <summary>Floats of a block of vectors: half a megabyte.</summary>
    const int BlockFloats = 1 << 17;

    const int MaxBlockRows = 2048;

    /// <summary>Queries of a product.</summary>
    const int BatchSize = 64;

    readonly IBackend[] _backends = [.. backend.ThreadBackends.DefaultIfEmpty(backend)];

    readonly int _blockRows = (int)Math.Min(Math.Clamp(BlockFloats / vectors.Dimension, 1, MaxBlockRows), vectors.Rows);

    /// <summary>Finds the best rows of each query, the best first; ties go to the lower row.</summary>
    /// <param name="function">The similarity.</param>
    /// <param name="queries">The queries, [count, dimension], finite.</param>
    /// <param name="top">Rows at most of a query, at least 1.</param>
    /// <param name="threshold">The lowest score that is returned; negative infinity for all.</param>
    /// <param name="cancellation">Stops before the next block.</param>
    public ScoredRow[][] Search(
        SimilarityFunction function, float[] queries, int top, double threshold, CancellationToken cancellation)
    {
        int dimension = vectors.Dimension;
        int count = queries.Length / dimension;
        if (count == 0 || vectors.Rows == 0) return [.. Enumerable.Repeat<ScoredRow[]>([], count)];
        float[][] batches = [.. queries.Chunk(BatchSize * dimension)];
        using QueryProducts products = new(backend, function, batches, dimension);
        QueryBatch[][] threads = [.. _backends.Select(_ => NewBatches())];
        long next = -1;
        ParallelOptions parallel = new() { CancellationToken = cancellation };
        Parallel.For(0, _backends.Length, parallel, thread =>
        {
            nint scores = backend.Allocate((long)_blockRows * BatchSize * sizeof(float));
            try
            {
                while (Interlocked.Increment(ref next) * _blockRows is var first && first < vectors.Rows)
                {
                    cancellation.ThrowIfCancellationRequested();
                    SearchBlock(_backends[thread], products, first, scores, threads[thread]);
                }
            }
            finally
            {
                backend.Free(scores);
            }
        });
        return [.. Merge(threads).SelectMany(batch => batch.Found).Select(found => found.ToSortedArray())];

        QueryBatch[] NewBatches() =>
            [.. batches.Select(batch => new QueryBatch(function, batch, dimension, top, threshold))];
    }

    void SearchBlock(IBackend thread, QueryProducts products, long first, nint scores, QueryBatch[] batches)
    {
        int rows = (int)Math.Min(_blockRows, vectors.Rows - first);
        Matrix block = new(vectors.Address(first), rows, vectors.Dimension);
        float[] norms = new float[rows];
        for (int row = 0; row < rows; row++) norms[row] = TensorPrimitives.Norm(vectors.Row(first + row));
        for (int i = 0; i < batches.Length; i++)
            batches[i].Select(vectors, first, norms, products.Compute(thread, i, block, scores));
    }

    static QueryBatch[] Merge(QueryBatch[][] threads)
    {
        foreach (QueryBatch[] others in threads[1..])
            for (int i = 0; i < others.Length; i++) threads[0][i].AddAll(others[i]);
        return threads[0];
    }
}

using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Search;

/// <summary>
/// Exact search: every query is compared with every vector. Blocks of vectors that fit a core's cache are read once
/// for all queries; products of bytes leave out the rows that cannot be among the best, and the similarities of the
/// others are computed in double, so that neither results nor ties depend on rounding or threads.
/// </summary>
/// <param name="backend">A backend on the host's memory, which reads the mapped vectors.</param>
/// <param name="vectors">The vectors, of fp32.</param>
/// <param name="quantized">The same rounded to bytes.</param>
sealed class ExactSearch(IBackend backend, MappedVectors vectors, QuantizedVectors quantized)
{
    /// <summary>Rows of a block, a multiple of a panel's.</summary>
    const int BlockRows = 2048;

    /// <summary>Queries of a product.</summary>
    const int BatchSize = 64;

    readonly IBackend[] _backends = [.. backend.ThreadBackends.DefaultIfEmpty(backend)];

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
        LowestScores[] lowest = [.. batches.Select(batch => new LowestScores(batch.Length / dimension, threshold))];
        QueryBatch[][] threads = [.. _backends.Select(_ => NewBatches())];
        long next = -1;
        ParallelOptions parallel = new() { CancellationToken = cancellation };
        Parallel.For(0, _backends.Length, parallel, thread =>
        {
            nint scores = backend.Allocate((long)BlockRows * BatchSize * sizeof(float));
            BlockTerms terms = new(BlockRows);
            try
            {
                while (Interlocked.Increment(ref next) * BlockRows is var first && first < vectors.Rows)
                {
                    cancellation.ThrowIfCancellationRequested();
                    SearchBlock(_backends[thread], products, first, terms, scores, threads[thread]);
                }
                foreach (QueryBatch batch in threads[thread]) batch.Finish(vectors);
            }
            finally
            {
                backend.Free(scores);
            }
        });
        return [.. Merge(threads).SelectMany(batch => batch.Found).Select(found => found.ToSortedArray())];

        QueryBatch[] NewBatches() =>
        [
            .. batches.Select((batch, i) =>
                new QueryBatch(function, batch, products.Quantized[i], dimension, top, threshold, lowest[i])),
        ];
    }

    void SearchBlock(
        IBackend thread, QueryProducts products, long first, BlockTerms terms, nint scores, QueryBatch[] batches)
    {
        int rows = (int)Math.Min(BlockRows, vectors.Rows - first);
        Matrix block = new(vectors.Address(first), rows, vectors.Dimension);
        Matrix panels = quantized.Panels(first, rows);
        double error = ScoreBound.Error(vectors.Dimension);
        terms.Set(products.Function, quantized.Rows(first, rows), products.AreRounded, error);
        for (int i = 0; i < batches.Length; i++)
            batches[i].Select(vectors, first, terms, products.Compute(thread, i, block, panels, scores));
    }

    static QueryBatch[] Merge(QueryBatch[][] threads)
    {
        foreach (QueryBatch[] others in threads[1..])
            for (int i = 0; i < others.Length; i++) threads[0][i].AddAll(others[i]);
        return threads[0];
    }
}

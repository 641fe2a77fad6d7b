using EsimCse.Core.Backend;

namespace EsimCse.Search.Hnsw;

/// <summary>
/// Builds the graph of an index and measures its recall. A sample of the rows is added last, after their nearest rows
/// were searched for among the others: so these queries are new to the graph, as a user's are.
/// </summary>
/// <param name="backend">A backend on the host's memory; its threads build the graph.</param>
/// <param name="progress">Called now and then with the number of rows that the graph has; null for none.</param>
sealed class HnswBuilder(IBackend backend, Action<long>? progress = null)
{
    /// <summary>Rows that a thread adds before it looks for cancellation.</summary>
    const int BlockRows = 64;

    /// <summary>Deviation from 1 up to which a norm is 1, also of vectors that were stored as fp16.</summary>
    const double NormTolerance = 1e-3;

    readonly int _threads = Math.Max(backend.ThreadBackends.Count, 1);
    long _added;

    /// <summary>
    /// Writes the graph of an index's vectors into its folder and returns its description and its recall, which is null
    /// where there are too few rows to hold some out.
    /// </summary>
    /// <param name="folder">The folder, which also has the vectors rounded to bytes.</param>
    /// <param name="vectors">The vectors in it, of fp32.</param>
    /// <param name="cancellation">Stops before the next rows.</param>
    public (GraphDescription Description, Recall? Recall) Build(
        string folder, MappedVectors vectors, CancellationToken cancellation)
    {
        HeldOutRows heldOut = new(vectors.Rows);
        using QuantizedVectors quantized = QuantizedVectors.Open(folder, vectors);
        ExactSearch exact = new(backend, vectors, quantized);
        using HnswGraph graph = HnswGraph.Create(vectors.Dimension, vectors.Rows, _threads);
        bool isNormalized = Add(graph, vectors, row => !heldOut.Contains(row), cancellation);
        HnswSearch search = new(graph, vectors, isNormalized, exact, _threads);
        Recall? recall = heldOut.Count == 0 ? null : Recall.Measure(search, exact, vectors, heldOut, cancellation);
        isNormalized &= Add(graph, vectors, heldOut.Contains, cancellation);
        cancellation.ThrowIfCancellationRequested();
        string sha256 = graph.Save(Path.Combine(folder, HnswGraph.FileName));
        return (new GraphDescription(sha256, isNormalized), recall);
    }

    /// <summary>Adds the rows of a set and returns whether all have norm 1.</summary>
    bool Add(HnswGraph graph, MappedVectors vectors, Func<long, bool> contains, CancellationToken cancellation)
    {
        long next = 0;
        int others = 0;
        Parallel.For(0, _threads, new ParallelOptions { CancellationToken = cancellation }, thread =>
        {
            float[] vector = new float[vectors.Dimension];
            while (Interlocked.Add(ref next, BlockRows) - BlockRows is var first && first < vectors.Rows)
            {
                cancellation.ThrowIfCancellationRequested();
                for (long row = first; row < Math.Min(first + BlockRows, vectors.Rows); row++)
                {
                    if (!contains(row)) continue;
                    vectors.Row(row).CopyTo(vector);
                    if (Math.Abs(VectorNorm.Normalize(vector) - 1) > NormTolerance) Interlocked.Increment(ref others);
                    graph.Add(row, vector);
                    Interlocked.Increment(ref _added);
                }
                if (thread == 0) progress?.Invoke(Interlocked.Read(ref _added));
            }
        });
        return others == 0;
    }
}

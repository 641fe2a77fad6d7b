using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using EsimCse.Bench.Compare;
using EsimCse.Bench.Hardware;
using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Cpu;
using EsimCse.Search;

namespace EsimCse.Bench.Retrieval;

/// <summary>
/// Measures exact search next to its two floors: reading the vectors once, and the arithmetic of their products.
/// </summary>
static class RetrievalCommand
{
    const int Dimension = 384, Top = 10, Repetitions = 5;

    /// <summary>Runs before the measured ones, after which the compiler has optimized what they call.</summary>
    const int WarmUps = 40;

    static readonly int[] QueryCounts = [1, 8, 64];

    /// <summary>Runs the command: the number of vectors, by default a million, and the number of threads.</summary>
    /// <returns>The exit status.</returns>
    public static int Run(string[] arguments)
    {
        long rows = Number(arguments, 0, 1_000_000);
        int threads = (int)Number(arguments, 1, Environment.ProcessorCount);
        string path = Path.Combine(Path.GetTempPath(), $"esimcse-search-{Environment.ProcessId}.npy");
        try
        {
            WriteVectors(path, rows);
            using MappedVectors vectors = MappedVectors.Open(path);
            WarmUp(threads);
            Measure(vectors, threads);
            return 0;
        }
        finally
        {
            File.Delete(path);
        }
    }

    static void Measure(MappedVectors vectors, int threads)
    {
        using CpuBackend backend = new(threads);
        ExactSearch search = new(backend, vectors);
        double read = MedianSeconds(() => ReadOnce(vectors, threads));
        double gigabytes = vectors.Rows * Dimension * sizeof(float) / 1e9;
        Console.WriteLine($"{Machine.Describe()}. {vectors.Rows} vectors of {Dimension}, {threads} threads.");
        Console.WriteLine($"Reading them once: {1e3 * read:F0} ms, {gigabytes / read:F1} GB/s.");
        Console.WriteLine();
        Console.WriteLine("| queries | ms | times the time of reading | GFLOP/s |");
        Console.WriteLine("| --- | --- | --- | --- |");
        foreach (int count in QueryCounts)
        {
            double seconds = MedianSeconds(() => Search(search, count));
            double rate = 2.0 * vectors.Rows * Dimension * count / seconds / 1e9;
            Console.WriteLine($"| {count} | {1e3 * seconds:F0} | {seconds / read:F2} | {rate:F0} |");
        }
    }

    /// <summary>Searches in few vectors until the compiler has optimized the measured code.</summary>
    static void WarmUp(int threads)
    {
        string path = Path.GetTempFileName();
        try
        {
            WriteVectors(path, 4096);
            using MappedVectors vectors = MappedVectors.Open(path);
            using CpuBackend backend = new(threads);
            ExactSearch search = new(backend, vectors);
            for (int i = 0; i < WarmUps; i++)
            {
                ReadOnce(vectors, threads);
                foreach (int count in QueryCounts) _ = Search(search, count);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    static ScoredRow[][] Search(ExactSearch search, int count)
    {
        float[] queries = Normal(new Random(2), count * Dimension);
        return search.Search(
            SimilarityFunction.Cosine, queries, Top, double.NegativeInfinity, CancellationToken.None);
    }

    /// <summary>Reads every element, at the rate of memory where the file is in it.</summary>
    static void ReadOnce(MappedVectors vectors, int threads) => Parallel.For(0, threads, thread =>
    {
        float sum = 0;
        long last = vectors.Rows * (thread + 1) / threads;
        for (long row = vectors.Rows * thread / threads; row < last; row++)
            sum += TensorPrimitives.Sum(vectors.Row(row));
        if (float.IsNaN(sum)) throw new InvalidOperationException("the sum is not a number");
    });

    static void WriteVectors(string path, long rows)
    {
        using FileStream file = new(path, FileMode.Create);
        file.Write(NpyHeader.Create("<f4", rows, Dimension));
        Random random = new(1);
        for (long row = 0; row < rows; row++) file.Write(MemoryMarshal.AsBytes<float>(Normal(random, Dimension)));
    }

    /// <summary>Returns elements that are nearly normally distributed: sums of four uniform ones.</summary>
    static float[] Normal(Random random, int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = random.NextSingle() + random.NextSingle() + random.NextSingle() + random.NextSingle() - 2;
        return values;
    }

    static double MedianSeconds(Action run)
    {
        run();
        return Statistics.Median([.. Enumerable.Range(0, Repetitions).Select(_ => Seconds(run))]);
    }

    static double Seconds(Action run)
    {
        long start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    static long Number(string[] arguments, int place, long standard) => arguments.Length > place
        ? long.Parse(arguments[place], CultureInfo.InvariantCulture)
        : standard;
}

using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using System.Text;
using EsimCse.Bench.Compare;
using EsimCse.Bench.Hardware;
using EsimCse.Core;
using EsimCse.Cpu;
using EsimCse.Search;

namespace EsimCse.Bench.Retrieval;

/// <summary>
/// Measures exact search next to two floors: reading the vectors once, and the arithmetic of their products in fp32.
/// </summary>
static class RetrievalCommand
{
    const int Dimension = 384, Top = 10, Repetitions = 7;

    /// <summary>Runs before the measured ones, after which the compiler has optimized what they call.</summary>
    const int WarmUps = 40;

    static readonly int[] QueryCounts = [1, 8, 64, 1024];

    /// <summary>
    /// Runs the command: the number of vectors, by default a million, the number of threads, and the page to write.
    /// </summary>
    /// <returns>The exit status.</returns>
    public static int Run(string[] arguments)
    {
        long rows = Number(arguments, 0, 1_000_000);
        int threads = (int)Number(arguments, 1, Environment.ProcessorCount);
        string output = arguments.ElementAtOrDefault(2)
            ?? Path.Combine(Programs.Repository, "bench", "results", Machine.FileName + "-retrieval.md");
        using VectorFolder warmUp = new(4096, Dimension);
        for (int i = 0; i < WarmUps; i++)
        {
            using CpuBackend backend = new(threads);
            ReadOnce(warmUp.Vectors, threads);
            foreach (int count in QueryCounts[..^1]) Search(new(backend, warmUp.Vectors, warmUp.Quantized), count);
        }
        using VectorFolder folder = new(rows, Dimension);
        string page = Measure(folder, threads);
        Console.Write(page);
        File.WriteAllText(output, page);
        return 0;
    }

    static string Measure(VectorFolder folder, int threads)
    {
        using CpuBackend backend = new(threads);
        ExactSearch search = new(backend, folder.Vectors, folder.Quantized);
        double gigabytes = folder.Vectors.Rows * Dimension * sizeof(float) / 1e9;
        double peak = 1e9 * MachinePeak.Measure(threads).GigaFlops;
        double[] read = new double[Repetitions];
        double[][] seconds = [.. QueryCounts.Select(_ => new double[Repetitions])];
        // In turn, so that another program on the machine slows all of them.
        for (int i = 0; i < Repetitions; i++)
        {
            read[i] = Seconds(() => ReadOnce(folder.Vectors, threads));
            for (int j = 0; j < QueryCounts.Length; j++) seconds[j][i] = Seconds(() => Search(search, QueryCounts[j]));
        }
        double floor = Statistics.Median(read);
        string date = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        StringBuilder page = new();
        page.Append(CultureInfo.InvariantCulture, $"""
            # Exact search

            {Machine.Describe()}. {date}. Written by

                dotnet run -c Release --project bench/EsimCse.Bench -- retrieval

            {folder.Vectors.Rows} normally distributed vectors of {Dimension}, {threads} threads, the best {Top} rows by
            cosine, all files in memory; medians of {Repetitions} runs in turn. Reading the fp32 vectors once takes
            {1e3 * floor:F0} ms ({gigabytes / floor:F1} GB/s), the floor of a search that reads them; ours reads them
            rounded to bytes. The arithmetic floor is that of products in fp32 at the measured peak,
            {peak / 1e9:F0} GFLOP/s.

            | queries | ms | queries/s | times reading | times the arithmetic in fp32 |
            | --- | --- | --- | --- | --- |

            """);
        for (int j = 0; j < QueryCounts.Length; j++)
        {
            double median = Statistics.Median(seconds[j]);
            double arithmetic = 2.0 * folder.Vectors.Rows * Dimension * QueryCounts[j] / peak;
            page.Append(
                CultureInfo.InvariantCulture,
                $"| {QueryCounts[j]} | {1e3 * median:F1} | {QueryCounts[j] / median:F0} " +
                $"| {median / floor:F2} | {median / arithmetic:F2} |\n");
        }
        return page.ToString().ReplaceLineEndings("\n");
    }

    static void Search(ExactSearch search, int count)
    {
        float[] queries = VectorFolder.Normal(new Random(2), count * Dimension);
        _ = search.Search(
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

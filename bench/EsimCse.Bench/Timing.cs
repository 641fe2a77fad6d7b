using System.Diagnostics;
using EsimCse.Core;

namespace EsimCse.Bench;

/// <summary>Wall-clock times of work on a device, the device waited for at both ends.</summary>
static class Timing
{
    /// <summary>Milliseconds of one run: of each repetition, after two runs to warm up.</summary>
    public static double[] Of(int repetitions, int runs, Action run, Action wait)
    {
        for (int i = 0; i < 2; i++) run();
        double[] times = new double[repetitions];
        for (int repetition = 0; repetition < repetitions; repetition++)
        {
            wait();
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < runs; i++) run();
            wait();
            times[repetition] = Stopwatch.GetElapsedTime(start).TotalMilliseconds / runs;
        }
        return times;
    }

    /// <summary>A line of the table.</summary>
    public static void Write(string what, ElementType precision, double[] times, Func<double, string> rate)
    {
        double[] sorted = [.. times.Order()];
        double median = sorted[sorted.Length / 2];
        Console.WriteLine($"| {what} | {precision.Name()} | {median:F3} ({sorted[0]:F3} - {sorted[^1]:F3}) | {rate(median)} |");
    }
}

using System.Diagnostics;
using EsimCse.Core;

namespace EsimCse.Bench;

/// <summary>Wall-clock times of device work.</summary>
static class Timing
{
    const int WarmUpRuns = 2;

    /// <summary>
    /// Returns the milliseconds of one run, for each repetition. <paramref name="wait"/> waits for the device; it is
    /// called at both ends of a repetition.
    /// </summary>
    public static double[] Measure(int repetitions, int runs, Action run, Action wait)
    {
        for (int i = 0; i < WarmUpRuns; i++) run();
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

    /// <summary>Writes a row of the table.</summary>
    public static void Write(string name, ElementType precision, double[] times, Func<double, string> rate)
    {
        double[] sorted = [.. times.Order()];
        double median = sorted[sorted.Length / 2];
        string time = $"{median:F3} ({sorted[0]:F3} - {sorted[^1]:F3})";
        Console.WriteLine($"| {name} | {precision.Name()} | {time} | {rate(median)} |");
    }
}

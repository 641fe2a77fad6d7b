using System.Diagnostics;
using System.Text.Json;

namespace EsimCse.Peers.TorchSharp.Gpu;

/// <summary>Times work whose last operation reads a result on the host, and prints a line of JSON.</summary>
sealed class WorkTimer(string model, string precision, int tokens)
{
    const int WarmUpRuns = 8;
    const int Repetitions = 20;

    public void Write(string part, int batch, Action run)
    {
        for (int i = 0; i < WarmUpRuns; i++) run();
        double[] times = [.. Enumerable.Range(0, Repetitions).Select(_ => Time(run)).Order()];
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            part,
            who = $"TorchSharp {precision}",
            name = part == "step" ? "training step" : "from ids to vectors",
            model,
            precision,
            batch,
            tokens,
            ms = times[Repetitions / 2],
            least = times[0],
            most = times[^1],
            sentences = batch,
        }));
    }

    static double Time(Action run)
    {
        long start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}

using System.Diagnostics;
using EsimCse.Core.Backend;
using EsimCse.Cuda;
using EsimCse.Cuda.Streams;

namespace EsimCse.Bench.Kit;

/// <summary>Times work: by events of a CUDA device, elsewhere by the host's clock, where operations wait.</summary>
sealed class WorkClock(IBackend backend) : IDisposable
{
    readonly DeviceTimer? _timer = backend is CudaBackend cuda ? new DeviceTimer(cuda) : null;

    /// <summary>
    /// Returns the milliseconds of one run for each repetition. The runs of a repetition are one graph, so that the
    /// host's part of a launch is not in the time.
    /// </summary>
    /// <param name="key">The identity of the work.</param>
    /// <param name="repetitions">The number of times that are returned.</param>
    /// <param name="runs">Runs of a repetition; the number of a run is passed.</param>
    /// <param name="run">Starts a run.</param>
    public double[] Measure(object key, int repetitions, int runs, Action<int> run)
    {
        GraphKey graph = new(key, "times", 0, 0, 0, 0, 0);
        // The first runs choose algorithms, the second capture.
        Once();
        Once();
        return [.. Enumerable.Range(0, repetitions).Select(_ => Time(Once) / runs)];

        void Once() => backend.RunGraph(graph, () =>
        {
            for (int i = 0; i < runs; i++) run(i);
            backend.FinishGradients();
        });
    }

    public void Dispose() => _timer?.Dispose();

    double Time(Action work)
    {
        if (_timer is not null) return _timer.Measure(work);
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}

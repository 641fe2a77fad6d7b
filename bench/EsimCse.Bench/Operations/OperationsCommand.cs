using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using EsimCse.Bench.Hardware;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCseNative;
using Perfolizer.Horology;

namespace EsimCse.Bench.Operations;

/// <summary>Times each operation on a backend with BenchmarkDotNet.</summary>
static class OperationsCommand
{
    const int LargeMatrix = 4096;
    const int LargeRuns = 8;

    /// <summary>Runs the command: device, precision, model and threads, each with a default.</summary>
    /// <returns>The exit status.</returns>
    public static int Run(string[] arguments)
    {
        string? count = arguments.ElementAtOrDefault(3);
        int? threads = count is null ? null : int.Parse(count, CultureInfo.InvariantCulture);
        ElementType? precision = ElementTypes.FromName(arguments.ElementAtOrDefault(1));
        DeviceChoice choice = new(arguments.ElementAtOrDefault(0) ?? "auto", threads, precision);
        Workload work = Workload.Named(arguments.ElementAtOrDefault(2) ?? "base");
        using IBackend backend = choice.Open(work.Config);
        ElementType type = choice.PrecisionOn(backend, training: false);
        using OperationSet operations = OperationBenchmarks.Open(backend, type, work);
        (double gigaFlops, double gigabytes) = backend is CpuBackend cpu
            ? CpuPeak(cpu.Threads)
            : DevicePeak(backend, type);
        string peak = string.Create(CultureInfo.InvariantCulture, $"{gigaFlops:F0} GFLOP/s, {gigabytes:F0} GB/s");
        Console.WriteLine($"{Machine.Describe()}; {backend.Name}, {type.Name()}; measured peak {peak}; {work}");
        Summary summary = BenchmarkRunner.Run<OperationBenchmarks>(Config(gigaFlops, gigabytes));
        MarkdownExporter.Default.ExportToLog(summary, ConsoleLogger.Default);
        return summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success) ? 1 : 0;
    }

    static ManualConfig Config(double gigaFlops, double gigabytes) => ManualConfig.CreateEmpty()
        .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.DontLogOutput))
        .AddColumn(StatisticColumn.Median, StatisticColumn.Min, StatisticColumn.Max)
        .AddLogger(NullLogger.Instance)
        .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(60).WithTimeUnit(TimeUnit.Millisecond))
        .AddColumnProvider(DefaultColumnProviders.Params)
        .AddColumn(RateColumn.Create(gigaFlops, gigabytes))
        .WithArtifactsPath(Path.Combine("artifacts", "operations"))
        .WithOptions(ConfigOptions.DisableLogFile);

    static (double GigaFlops, double Gigabytes) CpuPeak(int threads)
    {
        MachinePeak peak = MachinePeak.Measure(threads);
        return (peak.GigaFlops, peak.CopyGigabytes);
    }

    /// <summary>Returns the rates of a large product and of a large copy.</summary>
    static (double GigaFlops, double Gigabytes) DevicePeak(IBackend backend, ElementType type)
    {
        using Arena arena = new(backend);
        const long elements = (long)LargeMatrix * LargeMatrix;
        arena.Reset(3 * elements * sizeof(float) + 3 * Arena.Alignment);
        Matrix x = arena.Allocate(LargeMatrix, LargeMatrix, type);
        Matrix w = arena.Allocate(LargeMatrix, LargeMatrix, type);
        Matrix y = arena.Allocate(LargeMatrix, LargeMatrix, type);
        backend.Upload<int>(new int[Bytes(x).Count], Bytes(x));
        backend.Upload<int>(new int[Bytes(w).Count], Bytes(w));
        double product = Timing.Measure(5, LargeRuns, () => backend.LinearForward(x, w, default, y), Wait).Min();
        double copy = Timing.Measure(5, LargeRuns, () => backend.Copy(x, y), Wait).Min();
        return (2.0 * elements * LargeMatrix / product / 1e6, 2.0 * x.Bytes / copy / 1e6);

        void Wait() => backend.Download(Bytes(y) with { Rows = 1, Columns = 1 }, new int[1].AsSpan());

        static Matrix Bytes(Matrix matrix) =>
            matrix with { Columns = (int)(matrix.Bytes / matrix.Rows / sizeof(int)), Type = ElementType.Int32 };
    }
}

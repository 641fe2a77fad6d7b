using BenchmarkDotNet.Attributes;
using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Bench.Operations;

/// <summary>Times each operation.</summary>
public class OperationBenchmarks
{
    /// <summary>Operations that are started before the device is waited for.</summary>
    const int Runs = 4;

    static OperationSet? _operations;

    /// <summary>The operations.</summary>
    public static IEnumerable<OperationCase> Cases => _operations!.Cases;

    /// <summary>The operation that is timed.</summary>
    [ParamsSource(nameof(Cases))]
    public OperationCase Operation { get; set; } = null!;

    /// <summary>Shows the progress.</summary>
    [GlobalSetup]
    public void ShowProgress() => Console.Error.WriteLine(Operation);

    /// <summary>Runs it.</summary>
    [Benchmark(OperationsPerInvoke = Runs)]
    public void Run()
    {
        for (int i = 0; i < Runs; i++) Operation.Run();
        _operations!.Wait();
    }

    internal static OperationSet Open(IBackend backend, ElementType type, Workload work) =>
        _operations = new OperationSet(backend, type, work);
}

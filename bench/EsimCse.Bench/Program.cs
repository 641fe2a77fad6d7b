using System.Runtime.InteropServices;
using EsimCse.Bench;
#if !GPU_KIT
using EsimCse.Bench.Compare;
using EsimCse.Bench.Growth;
#endif
using EsimCse.Bench.Kit;
#if !GPU_KIT
using EsimCse.Bench.Operations;
using EsimCse.Bench.Participants;
using EsimCse.Bench.Pipeline;
using EsimCse.Bench.Retrieval;
#endif
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCseNative;

// usage: EsimCse.Bench compare [--data DIR] [--quick] [--parts embedding,training,tokenizing] [--threads 1,2]
//            [--output FILE] [--readme]
//   Compares with peers, each in a process of its own; writes bench/results/MACHINE.md unless it is quick.
// usage: EsimCse.Bench growth [--quick] [FOLDER]
//   Measures and draws how time grows with sizes; writes to bench/results.
// usage: EsimCse.Bench pipeline DATA [FILE]
//   Measures the stages of embed, and the pipeline and the engine alone; writes bench/results/MACHINE-pipeline.md.
// usage: EsimCse.Bench retrieval [ROWS] [THREADS] [FILE]
//   Measures exact search in ROWS vectors, by default a million; writes bench/results/MACHINE-retrieval.md.
// usage: EsimCse.Bench operations [DEVICE] [PRECISION] [base|small] [THREADS]
//   Times each operation with BenchmarkDotNet, with its share of the measured peak.
// usage: EsimCse.Bench kit ceilings|steps|embedding|operations DEVICE PRECISION base|mini|small
//   Measures a part of the GPU kit's work; prints a line of JSON a result.
if (args.FirstOrDefault() == "kit") return KitCommand.Run(args[1..]);
#if !GPU_KIT
switch (args.FirstOrDefault())
{
    case "compare":
        return CompareCommand.Run(args[1..]);
    case "growth":
        return GrowthCommand.Run(args[1..]);
    case "operations":
        return OperationsCommand.Run(args[1..]);
    case "pipeline":
        return PipelineCommand.Run(args[1..]);
    case "retrieval":
        return RetrievalCommand.Run(args[1..]);
    case "participant":
        return ParticipantCommand.Run(args[1..]);
}
#endif

// Times training, embedding and the operations on random data, after checking their results.
// usage: EsimCse.Bench [DEVICE] [PRECISION] [base|small] > table
string device = args.ElementAtOrDefault(0) ?? "auto";
ElementType? precision = ElementTypes.FromName(args.ElementAtOrDefault(1));
DeviceChoice choice = new(device, Precision: precision);
Workload work = Workload.Named(args.ElementAtOrDefault(2) ?? "base");
using IBackend backend = choice.Open(work.Config);
Console.WriteLine($"# {backend.Name}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}");
Console.WriteLine();
Console.WriteLine($"Random weights and sentences; {work}.");
Console.WriteLine("Median (least - most) of the repetitions, each of several runs.");
Console.WriteLine();
Console.WriteLine("| operation | precision | time, ms | rate |");
Console.WriteLine("| --- | --- | --- | --- |");
bool trains = choice.Precision != ElementType.Float16;
if (trains) TrainingBench.Run(backend, choice.PrecisionOn(backend, training: true), work);
EmbeddingBench.Run(backend, choice.PrecisionOn(backend, training: false), work);
if (trains) OptimizerBench.Run(backend, work);
OperationBench.Run(backend, choice.PrecisionOn(backend, training: false), work);
return 0;

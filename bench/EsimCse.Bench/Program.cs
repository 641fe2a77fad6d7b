using EsimCse.Bench;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCseNative;

// Times on this machine, of random data, after a check of what is timed: EsimCse.Bench [DEVICE] [PRECISION] [base|small] > table
string device = args.Length > 0 ? args[0] : "auto", size = args.Length > 2 ? args[2] : "base";
ElementType? precision = args.Length > 1 ? args[1] switch { "fp32" => ElementType.Float32, "bf16" => ElementType.BFloat16, "fp16" => ElementType.Float16, _ => null } : null;
DeviceChoice choice = new(device, Precision: precision);
Workload work = Workload.Named(size);
using IBackend backend = choice.Open(work.Config);
Console.WriteLine($"# {backend.Name}, {Environment.ProcessorCount} cores, {System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription}\n");
Console.WriteLine($"Random weights and sentences; {work}. Median (least - most) of the repetitions, each of several runs; the floor is what the operations or bytes alone would take.\n");
Console.WriteLine("| what | precision | time, ms | rate |\n| --- | --- | --- | --- |");
if (choice.Precision != ElementType.Float16) TrainingBench.Run(backend, choice.PrecisionOn(backend, training: true), work);
EmbeddingBench.Run(backend, choice.PrecisionOn(backend, training: false), work);
if (choice.Precision != ElementType.Float16) OptimizerBench.Run(backend, work);
OperationBench.Run(backend, choice.PrecisionOn(backend, training: false), work);

using System.CommandLine;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using EsimCse.Cpu;
using EsimCse.Cuda;
using EsimCseNative;

namespace EsimCse.Cli;

static class DoctorCommand
{
    public static Command Create()
    {
        Command command = new("doctor", "Says what this machine offers.");
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, _) =>
        {
            using CpuBackend backend = new(device(parsed).Threads);
            Console.WriteLine($"esimcse    {typeof(DoctorCommand).Assembly.GetName().Version?.ToString(3)} on {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}");
            Console.WriteLine($"cpu        {backend.Threads} threads of {Environment.ProcessorCount} cores, vectors of {(Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128)} bits, matrix products: {backend.GemmVariant}");
            Console.WriteLine($"memory     {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1 << 30)} GiB");
            foreach (string line in CudaReport.Lines()) Console.WriteLine(line);
        });
        return command;
    }
}

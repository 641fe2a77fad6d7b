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
        Command command = new("doctor", "Reports the devices and libraries of this machine.");
        Func<ParseResult, DeviceChoice> device = command.AddDevice();
        command.OnRun((parsed, _) =>
        {
            using CpuBackend backend = new(device(parsed).Threads);
            string? version = typeof(DoctorCommand).Assembly.GetName().Version?.ToString(3);
            string system = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}";
            string threads = $"{backend.Threads} threads of {Environment.ProcessorCount} cores";
            string vectors = $"vectors of {VectorBits()} bits, matrix products: {backend.GemmVariant}";
            string smaller = $"bf16: {CpuBackend.BFloat16Variant}, int8: {CpuBackend.Int8Variant}";
            Console.WriteLine($"esimcse    {version} on {RuntimeInformation.FrameworkDescription}, {system}");
            Console.WriteLine($"cpu        {threads}, {vectors}, {smaller}");
            Console.WriteLine($"memory     {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1 << 30)} GiB");
            foreach (string line in CudaReport.Lines()) Console.WriteLine(line);
        });
        return command;
    }

    static int VectorBits()
    {
        if (Vector512.IsHardwareAccelerated) return 512;
        return Vector256.IsHardwareAccelerated ? 256 : 128;
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using EsimCse.Cpu.Gemm.LowPrecision;

namespace EsimCse.Cpu.Gemm;

/// <summary>The instructions on 512 bits that emitted machine code uses.</summary>
static unsafe class Avx512
{
    /// <summary>
    /// Whether processor and system have AVX-512F. Unlike <see cref="Avx512F"/>, which is never supported in code that
    /// was compiled ahead of time for less, it asks the processor there.
    /// </summary>
    public static bool IsSupported { get; } =
        RuntimeFeature.IsDynamicCodeCompiled ? Avx512F.IsSupported : AskProcessor();

    static bool AskProcessor()
    {
        const int hasAvx512F = 1 << 16;
        const uint savedRegisters = 0xE6;
        // With AVX there is XGETBV, which returns the registers that the system saves.
        if (!Avx.IsSupported || (X86Base.CpuId(7, 0).Ebx & hasAvx512F) == 0) return false;
        X64Code code = new();
        code.GetSavedRegisters();
        nint address = ExecutableMemory.Load(code.ToArray());
        return address != 0 && (((delegate* unmanaged<uint>)address)() & savedRegisters) == savedRegisters;
    }
}

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

    /// <summary>Whether the system saves all kinds of registers, by their bits in XCR0. There is AVX.</summary>
    public static bool AreSaved(uint registers)
    {
        X64Code code = new();
        code.GetSavedRegisters();
        nint address = code.CreateFunction();
        return address != 0 && (((delegate* unmanaged<uint>)address)() & registers) == registers;
    }

    static bool AskProcessor()
    {
        const int hasAvx512F = 1 << 16;
        const uint vectorsAndMasks = 0xE6;
        return Avx.IsSupported && (X86Base.CpuId(7, 0).Ebx & hasAvx512F) != 0 && AreSaved(vectorsAndMasks);
    }
}

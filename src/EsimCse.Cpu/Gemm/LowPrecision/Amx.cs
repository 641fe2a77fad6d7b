using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// Whether this process may use the tile registers of Intel's AMX. Linux gives them on request only: arch_prctl,
/// ARCH_REQ_XCOMP_PERM.
/// </summary>
static unsafe partial class Amx
{
    const int HasTiles = 1 << 24;

    static readonly int Features = RequestTiles();

    /// <summary>Whether there are products of bytes.</summary>
    public static bool HasBytes => (Features & 1 << 25) != 0;

    /// <summary>Whether there are products of bf16.</summary>
    public static bool HasBFloat16 => (Features & 1 << 22) != 0;

    /// <summary>Returns bits of CPUID, 0 where the registers cannot be had.</summary>
    static int RequestTiles()
    {
        const int archPrctl = 158, requestPermission = 0x1023, tileData = 18;
        const uint savedTiles = 3 << 17;
        if (!Avx512.IsSupported) return 0;
        int features = X86Base.CpuId(7, 0).Edx;
        if ((features & HasTiles) == 0) return 0;
        X64Code code = new();
        code.GetSavedRegisters();
        nint address = ExecutableMemory.Load(code.ToArray());
        bool areSaved = address != 0 && (((delegate* unmanaged<uint>)address)() & savedTiles) == savedTiles;
        return areSaved && SystemCall(archPrctl, requestPermission, tileData) == 0 ? features : 0;
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint first, nint second);
}

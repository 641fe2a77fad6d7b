using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// Whether this process may use the tile registers of Intel's AMX. Linux gives them on request only: arch_prctl,
/// ARCH_REQ_XCOMP_PERM.
/// </summary>
static partial class Amx
{
    static readonly int Features = RequestTiles();

    /// <summary>Whether there are products of bytes.</summary>
    public static bool HasBytes => (Features & 1 << 25) != 0;

    /// <summary>Whether there are products of bf16.</summary>
    public static bool HasBFloat16 => (Features & 1 << 22) != 0;

    /// <summary>Returns bits of CPUID, 0 where the registers cannot be had.</summary>
    static int RequestTiles()
    {
        const int archPrctl = 158, requestPermission = 0x1023, tileData = 18;
        const int hasTiles = 1 << 24;
        const uint tiles = 3 << 17;
        if (!Avx512.IsSupported) return 0;
        int features = X86Base.CpuId(7, 0).Edx;
        bool canAsk = (features & hasTiles) != 0 && Avx512.AreSaved(tiles);
        return canAsk && SystemCall(archPrctl, requestPermission, tileData) == 0 ? features : 0;
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint first, nint second);
}

using System.Runtime.InteropServices;
using EsimCse.Cuda.Interop;

namespace EsimCse.Tests.Support;

/// <summary>What the software device offers to tests beside CUDA's functions.</summary>
static unsafe class SoftCuda
{
    /// <summary>Another order of threads, blocks and streams.</summary>
    public static void Seed(uint seed) => ((delegate* unmanaged<uint, void>)Export("softcuda_seed"))(seed);

    /// <summary>The count-th call from now of a function fails with a code.</summary>
    public static void Inject(string name, int count, int code)
    {
        nint text = Marshal.StringToCoTaskMemUTF8(name);
        ((delegate* unmanaged<nint, int, int, void>)Export("softcuda_inject"))(text, count, code);
        Marshal.FreeCoTaskMem(text);
    }

    /// <summary>Forgets errors and faults.</summary>
    public static void Reset() => ((delegate* unmanaged<void>)Export("softcuda_reset"))();

    static nint Export(string name)
    {
        Backends.RequireCuda();
        Assert.SkipUnless(NativeLibrary.TryGetExport(CudaLibraries.Require(CudaLibraries.Driver).Handle, name, out nint function), "this is a real device");
        return function;
    }
}

using System.Runtime.InteropServices;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>Machine code in memory of its own, for the life of the process.</summary>
static unsafe class ExecutableMemory
{
    /// <summary>Returns the address of a copy of the code; 0 where the system forbids it or is not Linux.</summary>
    public static nint Load(byte[] code)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return 0;
        nint address = Pages.Allocate(code.Length);
        if (address == 0) return 0;
        code.CopyTo(new Span<byte>((void*)address, code.Length));
        if (Pages.TryProtect(address, code.Length, Pages.Read | Pages.Execute)) return address;
        Pages.Free(address, code.Length);
        return 0;
    }
}

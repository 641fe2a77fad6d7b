using System.Runtime.InteropServices;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>Machine code in memory of its own, for the life of the process.</summary>
static unsafe partial class ExecutableMemory
{
    const int Read = 1, Write = 2, Execute = 4;
    const int Private = 2, Anonymous = 0x20;

    /// <summary>Returns the address of a copy of the code; 0 where the system forbids it or is not Linux.</summary>
    public static nint Load(byte[] code)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return 0;
        nint address = Map(0, (nuint)code.Length, Read | Write, Private | Anonymous, -1, 0);
        if (address == -1) return 0;
        code.CopyTo(new Span<byte>((void*)address, code.Length));
        if (Protect(address, (nuint)code.Length, Read | Execute) == 0) return address;
        _ = Unmap(address, (nuint)code.Length);
        return 0;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);
}

using System.Runtime.InteropServices;

namespace EsimCse.Cpu;

/// <summary>Memory of the system: mmap, mprotect and munmap of Linux.</summary>
static partial class Pages
{
    /// <summary>Access to a page, as bits.</summary>
    public const int None = 0, Read = 1, Write = 2, Execute = 4;

    /// <summary>Allocates pages that can be read and written; returns 0 where there are none.</summary>
    public static nint Allocate(nint bytes)
    {
        const int isPrivate = 2, isAnonymous = 0x20;
        nint address = Map(0, bytes, Read | Write, isPrivate | isAnonymous, -1, 0);
        return address == -1 ? 0 : address;
    }

    /// <summary>Changes the access; returns whether the system allows it.</summary>
    public static bool TryProtect(nint address, nint bytes, int access) => Protect(address, bytes, access) == 0;

    /// <summary>Frees pages.</summary>
    public static void Free(nint address, nint bytes) => _ = Unmap(address, bytes);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nint bytes, int access, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nint bytes, int access);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nint bytes);
}

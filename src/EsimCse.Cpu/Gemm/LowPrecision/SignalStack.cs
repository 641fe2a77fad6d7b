using System.Runtime.InteropServices;

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// The stack on which a thread handles signals. From its first use of a tile register on, Linux saves 8 KiB more there
/// for each signal, and the runtime's 16 KiB no longer hold its handler: the next null reference of the thread, an
/// exception otherwise, would end the process.
/// </summary>
static unsafe partial class SignalStack
{
    const nint Size = 64 << 10;
    const int IsDisabled = 2;
    const int BadAddress = 14;

    [ThreadStatic]
    static bool _isLarge;

    /// <summary>Gives the calling thread a larger one, once, where it has one.</summary>
    /// <exception cref="InsufficientMemoryException">There is no memory for it.</exception>
    public static void Enlarge()
    {
        if (_isLarge) return;
        Stack current;
        if (Exchange(null, &current) == 0 && (current.Flags & IsDisabled) == 0 && current.Size < Size)
        {
            Stack larger = new() { Address = Allocate(), Size = Size };
            if (Exchange(&larger, null) != 0) ThrowNoMemory();
            FreeRuntimes(current);
        }
        _isLarge = true;
    }

    /// <summary>
    /// Allocates a stack behind a page without access, as the runtime does, which frees at the end of a thread the
    /// stack that is there then, and that page.
    /// </summary>
    static nint Allocate()
    {
        nint page = Environment.SystemPageSize;
        nint address = Pages.Allocate(page + Size);
        if (address == 0 || !Pages.TryProtect(address, page, Pages.None)) ThrowNoMemory();
        return address + page;
    }

    /// <summary>Frees the runtime's stack. One that looks otherwise is its owner's.</summary>
    static void FreeRuntimes(Stack stack)
    {
        nint page = Environment.SystemPageSize;
        bool isOfPages = stack.Address % page == 0 && stack.Size % page == 0;
        if (isOfPages && !CanRead(stack.Address - 1)) Pages.Free(stack.Address - page, page + stack.Size);
    }

    /// <summary>Asks the system, which does not fault, whether a file has the name at an address.</summary>
    static bool CanRead(nint address) => Access(address, 0) == 0 || Marshal.GetLastPInvokeError() != BadAddress;

    static void ThrowNoMemory() => throw new InsufficientMemoryException("no memory for a stack to handle signals on");

    [LibraryImport("libc", EntryPoint = "sigaltstack")]
    private static partial int Exchange(Stack* next, Stack* current);

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true)]
    private static partial int Access(nint name, int mode);

    [StructLayout(LayoutKind.Sequential)]
    struct Stack
    {
        public nint Address;
        public int Flags;
        public nint Size;
    }
}

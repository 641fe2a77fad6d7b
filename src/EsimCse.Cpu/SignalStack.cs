using System.Runtime.InteropServices;

namespace EsimCse.Cpu;

/// <summary>
/// The stack on which a thread handles signals. From its first use of a tile register on, Linux saves 8 KiB more there
/// for each signal, and the runtime's 12 KiB no longer hold its handler: the next null reference of the thread, an
/// exception otherwise, would end the process.
/// </summary>
static unsafe partial class SignalStack
{
    const nint Size = 64 << 10;
    const int IsDisabled = 2;

    /// <summary>The thread's own one while a larger one takes its place.</summary>
    [ThreadStatic]
    static Stack? _replaced;

    /// <summary>Gives the calling thread a larger one where it has one, once.</summary>
    /// <remarks>
    /// It stays until <see cref="Restore"/>. The stacks of a thread that ends without it are never freed, since the
    /// runtime frees at its end its own one only if it is in use.
    /// </remarks>
    /// <exception cref="InsufficientMemoryException">There is no memory for it.</exception>
    public static void Enlarge()
    {
        if (_replaced is not null) return;
        Stack current;
        if (Exchange(null, &current) != 0) return;
        if ((current.Flags & IsDisabled) == 0 && current.Size < Size)
        {
            Stack larger = new() { Address = Pages.Allocate(Size), Size = Size };
            // A handler that needs more is to fault, not to overwrite other memory.
            bool hasGuard = larger.Address != 0
                && Pages.TryProtect(larger.Address, Environment.SystemPageSize, Pages.None);
            if (!hasGuard || Exchange(&larger, null) != 0)
                throw new InsufficientMemoryException("no memory for a stack to handle signals on");
        }
        _replaced = current;
    }

    /// <summary>Ends the use of a larger one. The calling thread uses no tile register and ends.</summary>
    public static void Restore()
    {
        if (_replaced is not { } own) return;
        Stack larger;
        _ = Exchange(&own, &larger);
        if (larger.Address != own.Address) Pages.Free(larger.Address, larger.Size);
        _replaced = null;
    }

    [LibraryImport("libc", EntryPoint = "sigaltstack")]
    private static partial int Exchange(Stack* next, Stack* current);

    [StructLayout(LayoutKind.Sequential)]
    struct Stack
    {
        public nint Address;
        public int Flags;
        public nint Size;
    }
}

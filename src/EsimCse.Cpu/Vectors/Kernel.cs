using System.Runtime.CompilerServices;

namespace EsimCse.Cpu.Vectors;

/// <summary>The compilation of inner loops.</summary>
static class Kernel
{
    /// <summary>
    /// Compiled once, on its own: inlined into its caller, a loop that fills all registers is spilled, and the first
    /// tier of compilation runs it at a fraction of its speed.
    /// </summary>
    public const MethodImplOptions Options = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;
}

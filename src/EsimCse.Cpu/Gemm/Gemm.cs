using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Gemm;

/// <summary>
/// C = A B, or C += A B, in fp32. Each element is one chain of fused multiply-adds in the order of k, from 0 or from what C holds: the same bits
/// whatever the variant, the number of threads, and the place of a row among the others.
/// </summary>
abstract class Gemm : IDisposable
{
    /// <summary>Forces a variant: scalar, vector256 or vector512.</summary>
    public const string Variable = "ESIMCSE_GEMM";

    /// <summary>The names of the variants that this processor runs, fastest first.</summary>
    public static IEnumerable<string> Variants
    {
        get
        {
            if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported) yield return "vector512";
            if (Vector256.IsHardwareAccelerated && Fma.IsSupported) yield return "vector256";
            yield return "scalar";
        }
    }

    /// <summary>The named variant, or the fastest.</summary>
    /// <exception cref="ArgumentException">No such variant, or the processor lacks it.</exception>
    public static Gemm Create(WorkerPool cores, string? variant)
    {
        string name = string.IsNullOrEmpty(variant) ? Variants.First() : variant;
        if (!Variants.Contains(name))
            throw new ArgumentException($"{Variable}: found '{name}', expected one that this processor runs: {string.Join(", ", Variants)}");
        return name switch
        {
            "vector512" => new BlockedGemm<GemmVector512>(cores),
            "vector256" => new BlockedGemm<GemmVector256>(cores),
            _ => new BlockedGemm<GemmScalar>(cores),
        };
    }

    /// <summary>a: as many rows as C, b: as many columns; depth: columns of a and rows of b.</summary>
    public abstract void Multiply(Operand a, Operand b, int depth, bool accumulate, Matrix c);

    public abstract void Dispose();
}

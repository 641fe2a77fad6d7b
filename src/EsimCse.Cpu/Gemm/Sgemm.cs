using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu.Gemm;

/// <summary>
/// C = A B, or C += A B, in fp32. Each element is one chain of fused multiply-adds in the order of k, starting from 0
/// or from C: bitwise the same for every variant, number of threads, and position of a row among the others.
/// </summary>
abstract class Sgemm : IDisposable
{
    /// <summary>Environment variable that forces a variant, by its name in <see cref="Variants"/>.</summary>
    public const string Variable = "ESIMCSE_GEMM";

    /// <summary>Names of the variants that this processor runs, fastest first.</summary>
    public static IEnumerable<string> Variants
    {
        get
        {
            if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported) yield return "vector512";
            if (GemmAvx512.IsSupported) yield return "avx512";
            if (Vector256.IsHardwareAccelerated && Fma.IsSupported) yield return "vector256";
            if (Fma.IsSupported || AdvSimd.Arm64.IsSupported) yield return "vector128";
            yield return "scalar";
        }
    }

    /// <exception cref="ArgumentException">The name is unknown or the processor lacks the instructions.</exception>
    public static Sgemm Create(WorkerPool pool, string variant)
    {
        if (!Variants.Contains(variant)) ThrowUnsupportedVariant(variant);
        return variant switch
        {
            "vector512" => new BlockedGemm<GemmVector512>(pool),
            "avx512" => new BlockedGemm<GemmAvx512>(pool),
            "vector256" => new BlockedGemm<GemmVector256>(pool),
            "vector128" => new BlockedGemm<GemmVector128>(pool),
            _ => new BlockedGemm<GemmScalar>(pool),
        };
    }

    /// <summary>Computes C = A B, or C += A B.</summary>
    /// <param name="a">[rows of C, depth].</param>
    /// <param name="b">[depth, columns of C].</param>
    /// <param name="depth">Length of the dot products.</param>
    /// <param name="accumulate">Whether the products are added to C.</param>
    /// <param name="c">Overlaps neither operand.</param>
    public void Multiply(Operand a, Operand b, int depth, bool accumulate, Matrix c) =>
        Multiply(a, b, depth, accumulate, default, c);

    /// <summary>Computes C = A B + bias, or C += A B + bias. bias [1, columns of C] is optional.</summary>
    /// <inheritdoc cref="Multiply(Operand, Operand, int, bool, Matrix)"/>
    public abstract void Multiply(Operand a, Operand b, int depth, bool accumulate, Matrix bias, Matrix c);

    /// <summary>Computes C = A B + bias. bias [1, columns of C] is optional.</summary>
    public abstract void Multiply(Operand a, PackedMatrix b, Matrix bias, Matrix c);

    /// <summary>Packs B [depth, columns].</summary>
    public abstract PackedMatrix Pack(Operand b, int depth, int columns);

    public abstract void Dispose();

    [DoesNotReturn]
    static void ThrowUnsupportedVariant(string variant)
    {
        string supported = string.Join(", ", Variants);
        throw new ArgumentException(
            $"{Variable}: found '{variant}', expected one that this processor runs: {supported}");
    }
}

namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>The scale of a row of activations.</summary>
/// <param name="Scale">The factor of its numbers.</param>
/// <param name="Middle">Added to its numbers times the factor.</param>
/// <param name="Offset">Subtracted from its sums: 128 times the sum of its numbers.</param>
readonly record struct RowScale(float Scale, float Middle, int Offset);

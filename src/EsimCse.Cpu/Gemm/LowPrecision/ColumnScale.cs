namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>The scale of a row of w, a column of y.</summary>
/// <param name="Scale">The factor of its numbers.</param>
/// <param name="Sum">The sum of its numbers times the factor.</param>
readonly record struct ColumnScale(float Scale, float Sum);

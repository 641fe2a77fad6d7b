namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>Factors and addends of the columns of a tile of y.</summary>
/// <param name="count">Their number.</param>
/// <param name="scales">The factors of their numbers.</param>
/// <param name="sums">The sums of their numbers times the factors.</param>
/// <param name="bias">Null for none.</param>
readonly unsafe ref struct ColumnScales(int count, float* scales, float* sums, float* bias)
{
    /// <summary>Number of columns.</summary>
    public readonly int Count = count;

    /// <summary>The factors of their numbers.</summary>
    public readonly float* Scales = scales;

    /// <summary>The sums of their numbers times the factors.</summary>
    public readonly float* Sums = sums;

    /// <summary>Added to y; null for none.</summary>
    public readonly float* Bias = bias;
}

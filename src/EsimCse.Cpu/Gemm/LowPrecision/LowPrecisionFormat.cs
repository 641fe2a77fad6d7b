namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// The numbers of a product y = x wᵀ + bias in a type smaller than fp32, packed into words of 32 bits along K.
/// </summary>
abstract unsafe class LowPrecisionFormat(LowPrecisionTile tile)
{
    /// <summary>The micro-kernel.</summary>
    public LowPrecisionTile Tile { get; } = tile;

    /// <summary>Returns the words of a row of that many numbers.</summary>
    public abstract int Words(int depth);

    /// <summary>Packs a row of w and returns what <see cref="Finish"/> needs of it.</summary>
    /// <param name="row">The row.</param>
    /// <param name="words">Overwritten, padding included.</param>
    public abstract ColumnScale PackWeight(ReadOnlySpan<float> row, Span<int> words);

    /// <summary>Packs a row of x and returns what <see cref="Finish"/> needs of it.</summary>
    /// <inheritdoc cref="PackWeight"/>
    public abstract RowScale PackActivation(ReadOnlySpan<float> row, Span<int> words);

    /// <summary>Computes a row of y from a row of sums.</summary>
    /// <param name="sums">Sums of the micro-kernel.</param>
    /// <param name="row">The scale of the row of x.</param>
    /// <param name="scales">The scales of the columns.</param>
    /// <param name="weightSums">Their sums.</param>
    /// <param name="bias">Null for none.</param>
    /// <param name="y">Overwritten.</param>
    /// <param name="columns">Columns of y, at most those of a tile.</param>
    public abstract void Finish(
        int* sums, RowScale row, float* scales, float* weightSums, float* bias, float* y, int columns);
}

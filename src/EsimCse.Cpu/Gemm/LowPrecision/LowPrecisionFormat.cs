namespace EsimCse.Cpu.Gemm.LowPrecision;

/// <summary>
/// The numbers of a product y = x wᵀ + bias in a type smaller than fp32, packed into words of 32 bits along K.
/// </summary>
abstract unsafe class LowPrecisionFormat(LowPrecisionTile tile)
{
    /// <summary>The micro-kernel.</summary>
    public LowPrecisionTile Tile { get; } = tile;

    /// <summary>Returns the words of a row of that many numbers, those that fill the last step included.</summary>
    public int Words(int depth)
    {
        int words = CpuBackend.CeilingDivide(depth, NumbersOfWord);
        return CpuBackend.CeilingDivide(words, Tile.WordsOfStep) * Tile.WordsOfStep;
    }

    /// <summary>Numbers of a word.</summary>
    protected abstract int NumbersOfWord { get; }

    /// <summary>Packs a row of w and returns what <see cref="Finish"/> needs of it.</summary>
    /// <param name="row">The row.</param>
    /// <param name="words">Overwritten, padding included.</param>
    public abstract ColumnScale PackWeight(ReadOnlySpan<float> row, Span<int> words);

    /// <summary>Packs a row of x and returns what <see cref="Finish"/> needs of it.</summary>
    /// <inheritdoc cref="PackWeight"/>
    public abstract RowScale PackActivation(ReadOnlySpan<float> row, Span<int> words);

    /// <summary>Computes rows of y from sums.</summary>
    /// <param name="sums">Sums of the micro-kernel.</param>
    /// <param name="rows">The scales of the rows of x.</param>
    /// <param name="columns">What belongs to the columns.</param>
    /// <param name="y">Overwritten.</param>
    /// <param name="stride">Columns of the whole of y.</param>
    public abstract void Finish(int* sums, ReadOnlySpan<RowScale> rows, ColumnScales columns, float* y, int stride);
}

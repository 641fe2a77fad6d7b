namespace EsimCse.Core.Backend;

/// <summary>
/// The layout of a matrix [N,K] of numbers in −127 … 127 that products read without packing it: [⌈N / 32⌉, ⌈K / 4⌉, 32,
/// 4] bytes, a panel of 32 rows after the other, and four columns of all its rows together. 128 is added to each number
/// and the padding is 128, so that the bytes are unsigned.
/// </summary>
static class BytePanels
{
    /// <summary>Rows of a panel.</summary>
    public const int Rows = 32;

    /// <summary>Columns that are adjacent in a row.</summary>
    public const int WordColumns = sizeof(int);

    /// <summary>Most columns of which a row's sum of products fits 32 bits.</summary>
    public const int MaxColumns = 1 << 16;

    /// <summary>Added to each number.</summary>
    public const int Offset = 128;

    /// <summary>Returns the panels of a number of rows.</summary>
    public static long Count(long rows) => (rows + Rows - 1) / Rows;

    /// <summary>Returns the bytes of a panel.</summary>
    public static int Bytes(int columns) => (columns + WordColumns - 1) / WordColumns * WordColumns * Rows;

    /// <summary>Packs a panel.</summary>
    /// <param name="numbers">At most 32 rows of numbers, [rows, columns].</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="panel">Overwritten, padding included.</param>
    public static void Pack(ReadOnlySpan<sbyte> numbers, int columns, Span<byte> panel)
    {
        panel.Fill(Offset);
        for (int row = 0; row < numbers.Length / columns; row++)
            for (int column = 0; column < columns; column++)
            {
                int word = column / WordColumns * Rows + row;
                panel[word * WordColumns + column % WordColumns] = (byte)(numbers[row * columns + column] + Offset);
            }
    }
}

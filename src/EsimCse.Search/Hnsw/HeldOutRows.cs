namespace EsimCse.Search.Hnsw;

/// <summary>
/// The rows that are the queries of a measurement of recall: a tenth of all, at most <see cref="MaxCount"/>, at equal
/// distances from the first row on.
/// </summary>
sealed class HeldOutRows
{
    /// <summary>Rows at most: the recall of 10 000 neighbors has a standard error of about 0.001 at 0.99.</summary>
    public const int MaxCount = 1000;

    readonly long _distance;

    /// <summary>Chooses the rows of an index.</summary>
    /// <param name="rows">Number of all rows.</param>
    public HeldOutRows(long rows)
    {
        Count = (int)Math.Min(rows / 10, MaxCount);
        _distance = rows / Math.Max(Count, 1);
    }

    /// <summary>Number of rows that are held out.</summary>
    public int Count { get; }

    /// <summary>Returns the number of a row that is held out.</summary>
    public long Row(int number) => number * _distance;

    /// <summary>Returns whether a row is held out.</summary>
    public bool Contains(long row) => Count > 0 && row % _distance == 0 && row / _distance < Count;
}

namespace EsimCse.Search;

/// <summary>The best rows of a query among those that were added, in any order.</summary>
/// <param name="count">Number of rows at most, at least 1.</param>
/// <param name="threshold">The lowest score that is kept; negative infinity for all.</param>
sealed class TopRows(int count, double threshold)
{
    // The worst row is the first to leave.
    readonly PriorityQueue<ScoredRow, ScoredRow> _rows = new();

    /// <summary>The score below which a row cannot be among the best any more.</summary>
    public double LowestScore => _rows.Count < count ? threshold : _rows.Peek().Score;

    /// <summary>Adds a row unless enough others are better; returns whether it was added.</summary>
    public bool Add(ScoredRow row)
    {
        if (row.Score < threshold) return false;
        if (_rows.Count < count)
        {
            _rows.Enqueue(row, row);
            return true;
        }
        return _rows.EnqueueDequeue(row, row) != row;
    }

    /// <summary>Adds the rows that another thread found.</summary>
    public void AddAll(TopRows others)
    {
        foreach ((ScoredRow row, _) in others._rows.UnorderedItems) Add(row);
    }

    /// <summary>Returns the rows, the best first.</summary>
    public ScoredRow[] ToSortedArray() => [.. _rows.UnorderedItems.Select(item => item.Element).OrderDescending()];
}

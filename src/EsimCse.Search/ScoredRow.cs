namespace EsimCse.Search;

/// <summary>A row of an index and its similarity to a query.</summary>
/// <param name="Row">The row's number, from 0.</param>
/// <param name="Score">The similarity; larger is more alike.</param>
readonly record struct ScoredRow(long Row, double Score) : IComparable<ScoredRow>
{
    /// <summary>Compares by score, then by row: the lower row is the better one.</summary>
    public int CompareTo(ScoredRow other)
    {
        int byScore = Score.CompareTo(other.Score);
        return byScore != 0 ? byScore : other.Row.CompareTo(Row);
    }
}

namespace EsimCse.Bench.Compare;

/// <summary>A table of the comparison.</summary>
/// <param name="Title">The title.</param>
/// <param name="Description">The work of a round.</param>
/// <param name="Unit">The unit of the speed.</param>
/// <param name="Results">The measurements, all numbers of threads.</param>
sealed record ComparisonTable(string Title, string Description, string Unit, IReadOnlyList<RaceResult> Results)
{
    /// <summary>Items of a round, of which the speed is counted in a second.</summary>
    public required double Items { get; init; }

    /// <summary>
    /// Floating-point operations of the matrix products of a round, padding not counted; 0 where there are none.
    /// </summary>
    public double FloatingPointOperations { get; init; }

    /// <summary>Lines about checks, above the table.</summary>
    public IReadOnlyList<string> Checks { get; init; } = [];

    /// <summary>Returns items a second.</summary>
    public double Speed(RaceResult result, double milliseconds) => Items / milliseconds * 1e3;

    /// <summary>Returns our measurement with the precision of a row, or in fp32; null if there is none.</summary>
    public RaceResult? OursFor(RaceResult row)
    {
        RaceResult[] ours =
        [
            .. Results.Where(other => other.Start.IsOurs && other.Threads == row.Threads && other.Failure is null),
        ];
        return ours.FirstOrDefault(other => other.Start.Precision == row.Start.Precision) ?? ours.FirstOrDefault();
    }
}

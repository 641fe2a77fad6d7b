namespace EsimCse.Bench.Compare;

/// <summary>The measurements of a participant; without rounds where it failed.</summary>
sealed record RaceResult(ParticipantStart Start, int Threads)
{
    /// <summary>The reason of a failure; null without one.</summary>
    public string? Failure { get; init; }

    /// <summary>The time of each round.</summary>
    public double[] Milliseconds { get; init; } = [];

    /// <summary>The median of the processor time over the time.</summary>
    public double Cores { get; init; }

    /// <summary>The most memory that was in use.</summary>
    public long PeakBytes { get; init; }

    /// <summary>The settings that the participant chose.</summary>
    public string Settings { get; init; } = "";

    /// <summary>The agreement of its results with another's.</summary>
    public string Agreement { get; init; } = "";

    public double Median => Statistics.Median(Milliseconds);

    /// <summary>Returns how many times as long as this the other takes: the median over the rounds.</summary>
    public double RatioOf(RaceResult other) =>
        Statistics.Median([.. other.Milliseconds.Zip(Milliseconds, (theirs, ours) => theirs / ours)]);
}

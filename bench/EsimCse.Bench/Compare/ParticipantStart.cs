namespace EsimCse.Bench.Compare;

/// <summary>A participant of a comparison: its place in the table, and the command that starts it.</summary>
/// <param name="Name">The name in the table.</param>
/// <param name="Precision">The precision in the table.</param>
/// <param name="Assembly">The program, an assembly.</param>
/// <param name="Arguments">Its arguments.</param>
sealed record ParticipantStart(string Name, string Precision, string Assembly, string[] Arguments)
{
    /// <summary>Variables of its environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The reason why it cannot be started; null if it can.</summary>
    public string? Missing { get; init; }

    /// <summary>Whether it is ours.</summary>
    public bool IsOurs => Name == Programs.Ours;

    public override string ToString() => $"{Name} {Precision}".TrimEnd();
}

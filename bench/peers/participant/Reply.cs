using System.Text.Json;

namespace EsimCse.Peers;

/// <summary>A participant's answer to a command: one line of JSON after a mark.</summary>
/// <param name="Settings">The settings in use, when the participant is ready.</param>
/// <param name="Milliseconds">The time of a round.</param>
/// <param name="Cores">The processor time of a round over its time.</param>
/// <param name="PeakBytes">The most memory that was in use, at the end.</param>
/// <param name="Error">The reason of a failure.</param>
public sealed record Reply(
    string? Settings = null,
    double? Milliseconds = null,
    double? Cores = null,
    long? PeakBytes = null,
    string? Error = null)
{
    /// <summary>Tells an answer from lines that a native library prints.</summary>
    const string Mark = "reply ";

    /// <summary>Returns the line.</summary>
    public string Write() => Mark + JsonSerializer.Serialize(this);

    /// <summary>Returns the answer in a line; null for any other line.</summary>
    public static Reply? Read(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (!line.StartsWith(Mark, StringComparison.Ordinal)) return null;
        return JsonSerializer.Deserialize<Reply>(line.AsSpan(Mark.Length));
    }
}

using System.Globalization;

namespace EsimCse.Formats.Parts;

/// <summary>The share of a process in a job: the chunks c with c mod <paramref name="Count"/> = Index.</summary>
/// <param name="Index">The shard's number, from 0.</param>
/// <param name="Count">The number of shards.</param>
readonly record struct Shard(int Index, int Count)
{
    /// <summary>The only shard of a job.</summary>
    public static Shard Whole { get; } = new(0, 1);

    /// <summary>Returns whether a chunk is of this shard.</summary>
    public bool Owns(long chunk) => chunk % Count == Index;

    /// <summary>Parses a text such as 3/8; null for any other text.</summary>
    public static Shard? TryParse(string text)
    {
        string[] parts = text.Split('/');
        bool isPair = parts.Length == 2;
        if (!isPair || ParseDigits(parts[0]) is not { } index || ParseDigits(parts[1]) is not { } count) return null;
        return index < count ? new Shard(index, count) : null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Index}/{Count}";

    static int? ParseDigits(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}

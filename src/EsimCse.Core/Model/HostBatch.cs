namespace EsimCse.Core.Model;

/// <summary>Sentences packed on the host, as <see cref="BatchMemory"/> holds them on the device.</summary>
/// <param name="Sentences">The sentences' token ids.</param>
/// <param name="Numbers">Ids, positions and offsets, each from a multiple of the arena's alignment on.</param>
/// <param name="Tokens">Tokens of all sentences.</param>
/// <param name="LongestSentence">Tokens of the longest sentence.</param>
sealed record HostBatch(IReadOnlyList<int[]> Sentences, int[] Numbers, int Tokens, int LongestSentence)
{
    /// <summary>Whether the vectors are wanted before the next batch is known.</summary>
    public bool IsUrgent { get; init; }
}

namespace EsimCse.Core.Backend;

/// <summary>The range from which the number of repeated tokens or words of a sentence is drawn. The values are the kernel's.</summary>
public enum RepetitionFormula
{
    /// <summary>The published code's: 0 … m − 1 with m = min(10, ⌊rate (N + 2)⌋), N the number of tokens or words.</summary>
    Official,

    /// <summary>The paper's: 0 … max(2, ⌊rate N⌋).</summary>
    Paper,
}

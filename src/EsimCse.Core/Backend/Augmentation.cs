namespace EsimCse.Core.Backend;

/// <summary>How the second view of a sentence differs from the first. The order is the kernel's.</summary>
public enum Augmentation
{
    /// <summary>Not at all but for dropout: SimCSE.</summary>
    None,

    /// <summary>Pieces written twice.</summary>
    Subword,

    /// <summary>Whole words written twice.</summary>
    Word,

    /// <summary>Pieces drawn from the vocabulary put in.</summary>
    Insert,

    /// <summary>[MASK] put in.</summary>
    Mask,

    /// <summary>English stop-words put in.</summary>
    Stopword,

    /// <summary>Pieces left out.</summary>
    Delete,
}

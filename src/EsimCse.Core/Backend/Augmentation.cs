namespace EsimCse.Core.Backend;

/// <summary>The change that makes a positive of an anchor. The values are the kernel's.</summary>
public enum Augmentation
{
    /// <summary>None: anchor and positive differ by dropout alone, as in SimCSE.</summary>
    None,

    /// <summary>Repeats tokens.</summary>
    Subword,

    /// <summary>Repeats whole words.</summary>
    Word,

    /// <summary>Inserts tokens drawn from the vocabulary.</summary>
    Insert,

    /// <summary>Inserts [MASK].</summary>
    Mask,

    /// <summary>Inserts English stop-words.</summary>
    Stopword,

    /// <summary>Deletes tokens.</summary>
    Delete,
}

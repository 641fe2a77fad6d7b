namespace EsimCse.Core.Backend;

/// <summary>Constants of the table by which <see cref="IBackend.AdamWUpdate"/> and its kin walk an arena: a chunk never crosses a tensor's end.</summary>
public static class ParameterChunk
{
    /// <summary>Int32 columns of a chunk: first element, number of elements, flags.</summary>
    public const int Columns = 3;

    /// <summary>The most elements that a chunk has; it fixes the order of the norm's additions.</summary>
    public const int MaximumLength = 1 << 15;

    /// <summary>Flag: weight decay applies (matrices and embeddings).</summary>
    public const int Decays = 1;

    /// <summary>Flag: the momentum encoder has an average of it (all but the head).</summary>
    public const int Ema = 2;
}

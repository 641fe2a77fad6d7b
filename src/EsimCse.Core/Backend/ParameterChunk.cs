namespace EsimCse.Core.Backend;

/// <summary>
/// Constants of the chunk table of <see cref="IBackend.AdamWUpdate"/>, <see cref="IBackend.GradientNorm"/> and
/// <see cref="IBackend.ClearGradients"/>. A chunk belongs to one tensor.
/// </summary>
public static class ParameterChunk
{
    /// <summary>Int32 columns of a chunk: first element, number of elements, flags.</summary>
    public const int Columns = 3;

    /// <summary>The most elements of a chunk. It fixes the order of the norm's additions.</summary>
    public const int MaximumLength = 1 << 15;

    /// <summary>Flag: weight decay applies (matrices and embeddings).</summary>
    public const int Decays = 1;

    /// <summary>Flag: the momentum encoder has an EMA of it (all but the head).</summary>
    public const int Ema = 2;

    /// <summary>
    /// Flag: the first backward pass of a step overwrites the gradient, so that it need not be cleared (matrices of
    /// layers).
    /// </summary>
    public const int Overwritten = 4;
}

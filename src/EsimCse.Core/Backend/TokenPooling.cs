namespace EsimCse.Core.Backend;

/// <summary>
/// The ways in which <see cref="IBackend.PoolingForward"/> reduces the n token vectors x of a sentence to one: the
/// modes of the Pooling module of sentence-transformers. Special tokens count.
/// </summary>
public enum TokenPooling
{
    /// <summary>The first token: x[0].</summary>
    Cls,

    /// <summary>The maximum of each column.</summary>
    Max,

    /// <summary>Σ x / n.</summary>
    Mean,

    /// <summary>Σ x / √n.</summary>
    MeanSqrtLength,

    /// <summary>Σ (i + 1) x[i] / Σ (i + 1): later tokens count more.</summary>
    WeightedMean,

    /// <summary>The last token: x[n − 1].</summary>
    LastToken,
}

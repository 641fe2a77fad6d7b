namespace EsimCse.Core.Backend;

/// <summary>The way of the learning rate after warm-up, as in Hugging Face's transformers.</summary>
public enum LearningRateSchedule
{
    /// <summary>It falls linearly to 0.</summary>
    Linear,

    /// <summary>It stays.</summary>
    Constant,

    /// <summary>It falls to 0 along half a cosine: Loshchilov and Hutter, arXiv 1608.03983.</summary>
    Cosine,
}

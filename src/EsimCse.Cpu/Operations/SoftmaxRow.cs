namespace EsimCse.Cpu.Operations;

/// <summary>Summary of an anchor's logits from which the gradients of its cosines can be computed again.</summary>
/// <param name="MaxLogit">The largest logit.</param>
/// <param name="Scale">Factor that turns e^(l − max) into the gradient of a cosine.</param>
/// <param name="PositiveDCosine">Gradient of the positive's cosine.</param>
/// <param name="Loss">The anchor's loss.</param>
readonly record struct SoftmaxRow(float MaxLogit, float Scale, float PositiveDCosine, double Loss);

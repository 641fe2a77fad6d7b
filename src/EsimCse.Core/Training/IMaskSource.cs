using EsimCse.Core.Backend;

namespace EsimCse.Core.Training;

/// <summary>The choice of masked tokens for the masked-language loss.</summary>
interface IMaskSource
{
    /// <summary>
    /// Writes the masked tokens of anchors and positives, which are those of the current step, or a part of them from
    /// <see cref="StepState.FirstSentence"/> on.
    /// </summary>
    void Mask(PackedBatch pairs, StepState state, MaskedTokens masked);
}

using EsimCse.Core.Backend;

namespace EsimCse.Core.Training;

/// <summary>The choice of masked tokens for the masked-language loss.</summary>
interface IMaskSource
{
    /// <summary>
    /// Writes the masked tokens of a batch, and 0 to <see cref="StepState.MaskedLanguageLoss"/>. The batch is that of
    /// the current step.
    /// </summary>
    void Mask(PackedBatch views, StepState state, MaskedTokens masked);
}

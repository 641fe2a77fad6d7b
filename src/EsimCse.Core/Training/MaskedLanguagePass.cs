using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training.Losses;

namespace EsimCse.Core.Training;

/// <summary>
/// The pass of the masked-language loss in a step: the masked copies of anchors and positives through the encoder with
/// dropout of their own, the loss, and the way back.
/// Devlin, Chang, Lee and Toutanova, arXiv 1810.04805.
/// </summary>
sealed class MaskedLanguagePass
{
    /// <summary>The view of masked anchors in dropout masks, the first even one after the unmasked views.</summary>
    const int FirstView = 2, FirstViewBesideHardNegatives = 4;

    readonly MaskedTokens _tokens;
    readonly StepState _state;
    readonly BertForward _forward;
    readonly MaskedLanguageLoss _loss;
    readonly BertBackward _backward;
    readonly Matrix _dhidden;

    /// <summary>Allocates the buffers of one step.</summary>
    public MaskedLanguagePass(
        Arena arena,
        BertParameters bert,
        PersistentBuffers persistent,
        TrainingOptions options,
        TrainingBatch rows,
        MaskedTokens tokens)
    {
        IBackend backend = bert.Backend;
        BertWeights weights = bert.Weights;
        BertWeights gradients = persistent.Gradients;
        PackedBatch batch = rows.Pairs with { Ids = tokens.Ids };
        bool hasHardNegatives = rows.Views.Sentences > batch.Sentences;
        _tokens = tokens;
        _state = persistent.StepState;
        DropoutMask mask = new(options.Dropout, options.Seed, 0, rows.Rows, _state.Counters)
        {
            FirstView = hasHardNegatives ? FirstViewBesideHardNegatives : FirstView,
        };
        BertActivations activations = new(
            arena, bert.Config, new TokenPooler(), batch, weights.Type, savedForBackward: true);
        _forward = new(backend, weights, activations, mask, batchInvariant: false);
        _loss = new(backend, arena, bert.Config, weights, gradients, tokens.Rows.Columns, options.MlmWeight);
        _dhidden = arena.Allocate(batch.Tokens, bert.Config.HiddenSize, weights.Type);
        // The words are the head's matrix: all of their rows have a gradient.
        _backward = new(backend, weights, gradients, touchedWords: default, activations, mask, arena);
    }

    /// <summary>Adds the weighted loss and its gradients to those of the step.</summary>
    public void Run()
    {
        Matrix hidden = _forward.Run();
        _loss.Compute(hidden, _tokens, _state, _dhidden);
        _backward.Run(_dhidden, accumulate: true);
    }
}

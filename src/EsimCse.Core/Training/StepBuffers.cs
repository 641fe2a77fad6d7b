using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Training.Losses;

namespace EsimCse.Core.Training;

/// <summary>The passes of one step over activations and scratch memory of an arena.</summary>
sealed class StepBuffers
{
    public StepBuffers(
        Arena arena,
        BertParameters bert,
        PersistentBuffers persistent,
        TrainingOptions options,
        PackedBatch batch,
        int maskedTokens)
    {
        IBackend backend = bert.Backend;
        BertWeights weights = bert.Weights, gradients = persistent.Gradients;
        int pairs = batch.Sentences / 2;
        if (options.MlmWeight > 0) MaskedTokens = MaskedTokens.Allocate(arena, batch.Tokens, maskedTokens);
        long start = arena.Position;
        DropoutMask mask = new(options.Dropout, options.Seed, 0, pairs, persistent.StepState.Counters);
        Activations = new(arena, bert.Config, options.Pooler, batch, weights.Type, savedForBackward: true);
        Forward = new(backend, weights, Activations, mask);
        Head = new(arena, bert, gradients, options.Pooler, Activations.Pooled);
        Loss = new(backend, arena, pairs, bert.Config.HiddenSize, options.Temperature, persistent.Queue);
        Backward = new(backend, weights, gradients, Activations, mask, arena);
        if (options.MlmWeight == 0) return;
        // The other passes are done when this one runs: it has the same memory.
        arena.Rewind(start);
        MaskedLanguage = new(arena, bert, persistent, options, batch, MaskedTokens);
    }

    public BertActivations Activations { get; }

    public BertForward Forward { get; }

    public ProjectionHead Head { get; }

    public ContrastiveLoss Loss { get; }

    public BertBackward Backward { get; }

    /// <summary>The tokens of <see cref="MaskedLanguage"/>; absent without it.</summary>
    public MaskedTokens MaskedTokens { get; }

    /// <summary>The pass that overwrites the buffers of the others; null without a masked-language loss.</summary>
    public MaskedLanguagePass? MaskedLanguage { get; }
}

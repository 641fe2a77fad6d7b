using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Core.Training;

/// <summary>
/// The passes of one step, or of a part of its batch, over activations and scratch memory of an arena.
/// </summary>
sealed class StepBuffers
{
    readonly TrainingBatch _rows;
    readonly StepState _state;

    public StepBuffers(
        Arena arena,
        BertParameters bert,
        PersistentBuffers persistent,
        TrainingOptions options,
        TrainingBatch rows)
    {
        IBackend backend = bert.Backend;
        BertWeights weights = bert.Weights, gradients = persistent.Gradients;
        _rows = rows;
        _state = persistent.StepState;
        if (options.MlmWeight > 0) MaskedTokens = AllocateMaskedTokens(arena, backend, rows);
        long start = arena.Position;
        DropoutMask mask = new(options.Dropout, options.Seed, 0, rows.Rows, persistent.StepState.Counters);
        Activations = new(arena, bert.Config, options.Pooler, rows.Views, weights.Type, savedForBackward: true);
        Forward = new(backend, weights, Activations, mask, batchInvariant: false);
        Head = new(arena, bert, gradients, options.Pooler, Activations.Pooled);
        Backward = new(backend, weights, gradients, persistent.TouchedWords.Flags, Activations, mask, arena);
        if (options.MlmWeight == 0) return;
        // The other passes are done when this one runs: it has the same memory.
        arena.Rewind(start);
        MaskedLanguage = new(arena, bert, persistent, options, rows, MaskedTokens);
    }

    public BertActivations Activations { get; }

    public BertForward Forward { get; }

    public ProjectionHead Head { get; }

    public BertBackward Backward { get; }

    /// <summary>The tokens of <see cref="MaskedLanguage"/>; absent without it.</summary>
    public MaskedTokens MaskedTokens { get; }

    /// <summary>The pass that overwrites the buffers of the others; null without a masked-language loss.</summary>
    public MaskedLanguagePass? MaskedLanguage { get; }

    /// <summary>Masks the tokens of <see cref="MaskedLanguage"/>, where there is one.</summary>
    public void MaskTokens()
    {
        if (MaskedLanguage is not null) _rows.RequireMasks().Mask(_rows.Pairs, _state, MaskedTokens);
    }

    static MaskedTokens AllocateMaskedTokens(Arena arena, IBackend backend, TrainingBatch rows) =>
        MaskedTokens.Allocate(
            arena, rows.Pairs.Tokens, BatchMemory.RoundUp(rows.MaskedTokens, backend.TokenPadding));
}

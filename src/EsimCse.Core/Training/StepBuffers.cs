using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Core.Training;

/// <summary>
/// The passes of one step, or of a part of its batch, over activations and scratch memory of an arena.
/// </summary>
sealed class StepBuffers
{
    public StepBuffers(
        Arena arena,
        BertParameters bert,
        PersistentBuffers persistent,
        TrainingOptions options,
        TrainingBatch rows)
    {
        IBackend backend = bert.Backend;
        BertWeights weights = bert.Weights, gradients = persistent.Gradients;
        DropoutMask mask = new(options.Dropout, options.Seed, 0, rows.Rows, persistent.StepState.Counters);
        Activations = new(arena, bert.Config, options.Pooler, rows.Views, weights.Type, savedForBackward: true);
        Forward = new(backend, weights, Activations, mask);
        Head = new(arena, bert, gradients, options.Pooler, Activations.Pooled);
        Backward = new(backend, weights, gradients, Activations, mask, arena);
    }

    public BertActivations Activations { get; }

    public BertForward Forward { get; }

    public ProjectionHead Head { get; }

    public BertBackward Backward { get; }
}

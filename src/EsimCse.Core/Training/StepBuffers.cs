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
        PackedBatch batch)
    {
        IBackend backend = bert.Backend;
        BertWeights weights = bert.Weights, gradients = persistent.Gradients;
        int pairs = batch.Sentences / 2;
        DropoutMask mask = new(options.Dropout, options.Seed, 0, pairs, persistent.StepState.Counters);
        Activations = new(arena, bert.Config, options.Pooler, batch, weights.Type, savedForBackward: true);
        Forward = new(backend, weights, Activations, mask);
        Head = new(arena, bert, gradients, options.Pooler, Activations.Pooled);
        Loss = new(backend, arena, pairs, bert.Config.HiddenSize, options.Temperature, persistent.Queue);
        Backward = new(backend, weights, gradients, Activations, mask, arena);
    }

    public BertActivations Activations { get; }

    public BertForward Forward { get; }

    public ProjectionHead Head { get; }

    public ContrastiveLoss Loss { get; }

    public BertBackward Backward { get; }
}

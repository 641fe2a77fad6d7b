using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;

namespace EsimCse.Core.Training;

/// <summary>
/// The momentum encoder and its queue of negatives. He et al., MoCo, arXiv 1911.05722. Its weights are an exponential
/// moving average (EMA) of the encoder's, updated by <see cref="IBackend.AdamWUpdate"/>; its head is the encoder's.
/// </summary>
sealed class MomentumEncoder(BertParameters bert, BertWeights ema, Matrix queue, Pooler pooler) : IDisposable
{
    readonly IBackend _backend = bert.Backend;
    readonly Embedder _embedder = new(bert.Backend, bert.Config, pooler);

    /// <summary>Sets the weights to those of another model of the same layout.</summary>
    public void CopyFrom(BertWeights weights)
    {
        _backend.WaitForSideStream();
        _backend.Copy(weights.Arena, ema.Arena);
        ema.RefreshLowPrecision(_backend);
    }

    /// <summary>Copies the encoder's head before its update: the vectors of this step pass through it.</summary>
    public void SnapshotHead()
    {
        if (!pooler.HasHead) return;
        _backend.Copy(bert.Weights.Head.Weight, ema.Head.Weight);
        _backend.Copy(bert.Weights.Head.Bias, ema.Head.Bias);
        if (!ema.LowPrecision.IsPresent) return;
        // The views above are of the low-precision copy.
        ParameterTensor weight = bert.Layout.ByName[bert.Config.Family.Modules.HeadWeight];
        _backend.Copy(weight.In(bert.Weights.Arena), weight.In(ema.Arena));
    }

    /// <summary>Embeds the anchors on the side stream and pushes their vectors to the queue.</summary>
    public void Push(TrainingBatch batch, StepState state)
    {
        // A copy, since the next batch is packed into the same memory while this work still runs.
        Embedder.Pass anchors = _embedder.PrepareFirst(
            ema.Type, batch.Views, batch.Rows, batch.AnchorTokens, batch.LongestAnchor);
        _backend.RunOnSideStream(() => _backend.RunGraph(anchors.Key(this, "momentum"), Work));

        void Work() => _backend.QueuePush(_embedder.Compute(ema, anchors), queue, state);
    }

    /// <summary>Empties the queue.</summary>
    public void ResetQueue(StepState state)
    {
        _backend.WaitForSideStream();
        int[] counters = new int[StepState.Length];
        _backend.Download(state.Counters, counters.AsSpan());
        counters[StepState.QueueHead] = 0;
        counters[StepState.QueueCount] = 0;
        _backend.Upload<int>(counters, state.Counters);
    }

    public void Dispose() => _embedder.Dispose();
}

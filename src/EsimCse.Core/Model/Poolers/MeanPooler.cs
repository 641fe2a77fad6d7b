using EsimCse.Core.Backend;

namespace EsimCse.Core.Model.Poolers;

/// <summary>The mean over the pooled hidden states of the means over each sentence's tokens.</summary>
abstract class MeanPooler : Pooler
{
    internal sealed override void Forward(IBackend backend, BertActivations activations)
    {
        bool accumulate = false;
        foreach (int state in activations.PooledStates)
        {
            Matrix hidden = activations.Hidden[state];
            backend.MeanPoolingForward(hidden, activations.Batch, Share(activations), accumulate, activations.Pooled);
            accumulate = true;
        }
    }

    internal sealed override void Backward(
        IBackend backend,
        BertActivations activations,
        Matrix dpooled,
        int hiddenState,
        bool accumulate,
        Matrix dhidden) =>
        backend.MeanPoolingBackward(dpooled, activations.Batch, Share(activations), accumulate, dhidden);

    static float Share(BertActivations activations) => 1f / activations.PooledStates.Count;
}

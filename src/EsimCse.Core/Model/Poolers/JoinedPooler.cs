using EsimCse.Core.Backend;

namespace EsimCse.Core.Model.Poolers;

/// <summary>Poolings of the last layer's token vectors, joined in their order. For inference only.</summary>
sealed class JoinedPooler(IReadOnlyList<PoolingMode> modes) : Pooler
{
    public override string Name { get; } = string.Join('+', modes.Select(mode => mode.Name));

    public override PoolingMode? SentenceTransformersMode => null;

    internal override int Width(int hiddenSize) => checked(modes.Count * hiddenSize);

    internal override IReadOnlyList<int> HiddenStates(int layers) => [layers];

    internal override void Forward(IBackend backend, BertActivations activations)
    {
        Matrix hidden = activations.Hidden[activations.PooledStates[0]];
        foreach ((int index, PoolingMode mode) in modes.Index())
        {
            int column = index * activations.Config.HiddenSize;
            backend.PoolingForward(hidden, activations.Batch, mode.Pooling, column, activations.Pooled);
        }
    }
}

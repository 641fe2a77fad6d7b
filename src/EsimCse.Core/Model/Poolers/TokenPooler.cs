namespace EsimCse.Core.Model.Poolers;

/// <summary>No pooling: the last layer's token vectors [T,H]. For losses of tokens.</summary>
sealed class TokenPooler : Pooler
{
    public override string Name => "tokens";

    public override PoolingMode? SentenceTransformersMode => null;

    internal override bool IsLastHiddenState => true;

    internal override IReadOnlyList<int> HiddenStates(int layers) => [layers];
}

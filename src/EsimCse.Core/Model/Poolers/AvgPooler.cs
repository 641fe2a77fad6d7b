namespace EsimCse.Core.Model.Poolers;

sealed class AvgPooler : MeanPooler
{
    public override string Name => "avg";

    public override PoolingMode? SentenceTransformersMode => PoolingMode.Mean;

    internal override IReadOnlyList<int> HiddenStates(int layers) => [layers];
}

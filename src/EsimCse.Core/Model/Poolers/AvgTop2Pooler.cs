namespace EsimCse.Core.Model.Poolers;

sealed class AvgTop2Pooler : MeanPooler
{
    public override string Name => "avg_top2";

    public override PoolingMode? SentenceTransformersMode => null;

    internal override IReadOnlyList<int> HiddenStates(int layers) => [layers, layers - 1];
}

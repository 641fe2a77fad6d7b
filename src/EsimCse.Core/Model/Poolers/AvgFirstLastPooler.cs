namespace EsimCse.Core.Model.Poolers;

sealed class AvgFirstLastPooler : MeanPooler
{
    public override string Name => "avg_first_last";

    public override PoolingMode? SentenceTransformersMode => null;

    internal override IReadOnlyList<int> HiddenStates(int layers) => [layers, 0];
}

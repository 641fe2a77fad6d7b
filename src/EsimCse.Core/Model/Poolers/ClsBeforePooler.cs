namespace EsimCse.Core.Model.Poolers;

class ClsBeforePooler : Pooler
{
    public override string Name => "cls_before_pooler";

    public override PoolingMode? SentenceTransformersMode => PoolingMode.Cls;

    internal override bool ReadsClsOnly => true;

    internal override IReadOnlyList<int> HiddenStates(int layers) => [layers];
}

namespace EsimCse.Core.Model.Poolers;

sealed class ClsPooler : ClsBeforePooler
{
    public override string Name => "cls";

    public override bool HasHead => true;

    public override Pooler WithoutHead => ClsBeforePooler;
}

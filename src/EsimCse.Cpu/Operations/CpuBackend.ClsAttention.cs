using EsimCse.Core.Backend;
using EsimCse.Cpu.Attention;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void ClsAttentionForward(
        Matrix q, Matrix kv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp)
    {
        AttentionArguments arguments = AttentionArguments.FromClsQuery(q, kv, default, default, batch, heads, mask);
        arguments.O = Floats(context);
        arguments.Lse = Floats(logSumExp);
        ForEachHead(arguments, HeadForward.ScratchLength(arguments), HeadForward.Run);
    }

    /// <inheritdoc/>
    public void ClsAttentionBackward(Matrix dcontext, Matrix q, Matrix kv, Matrix context, Matrix logSumExp,
        PackedBatch batch, int heads, DropoutMask mask, Matrix dq, Matrix dkv, Matrix dbias)
    {
        AttentionArguments arguments = AttentionArguments.FromClsQuery(q, kv, dq, dkv, batch, heads, mask);
        arguments.O = Floats(context);
        arguments.Lse = Floats(logSumExp);
        arguments.DOut = Floats(dcontext);
        ForEachHead(arguments, HeadBackward.ScratchLength(arguments), HeadBackward.Run);
        if (!dbias.IsPresent) return;
        Matrix biases = dbias.Reshape(dbias.Columns, 1);
        AddColumnSums(dq, biases.Slice(0, dq.Columns).Reshape(1, dq.Columns));
        AddColumnSums(dkv, biases.Slice(dq.Columns, dkv.Columns).Reshape(1, dkv.Columns));
    }
}

using EsimCse.Core.Backend;
using EsimCse.Cpu.Attention;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public unsafe void ClsAttentionForward(Matrix q, Matrix kv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp)
    {
        AttentionArguments problem = AttentionArguments.FirstToken(q, kv, default, default, batch, heads, mask, Threads);
        problem.Context = Floats(context);
        problem.LogSumExp = Floats(logSumExp);
        _cores.For(Threads, 1, new AttentionForward(problem));
    }

    /// <inheritdoc/>
    public unsafe void ClsAttentionBackward(Matrix dcontext, Matrix q, Matrix kv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads,
        DropoutMask mask, Matrix dq, Matrix dkv)
    {
        AttentionArguments problem = AttentionArguments.FirstToken(q, kv, dq, dkv, batch, heads, mask, Threads);
        problem.Context = Floats(context);
        problem.LogSumExp = Floats(logSumExp);
        problem.DContext = Floats(dcontext);
        _cores.For(Threads, 1, new AttentionBackward(problem));
    }
}

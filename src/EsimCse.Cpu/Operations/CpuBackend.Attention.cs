using EsimCse.Core.Backend;
using EsimCse.Cpu.Attention;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public unsafe void AttentionForward(Matrix qkv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp)
    {
        AttentionArguments problem = AttentionArguments.Full(qkv, default, batch, heads, mask, Threads);
        problem.Context = Floats(context);
        problem.LogSumExp = Floats(logSumExp);
        _cores.For(Threads, 1, new AttentionForward(problem));
    }

    /// <inheritdoc/>
    public unsafe void AttentionBackward(Matrix dcontext, Matrix qkv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads,
        DropoutMask mask, Matrix dqkv)
    {
        AttentionArguments problem = AttentionArguments.Full(qkv, dqkv, batch, heads, mask, Threads);
        problem.Context = Floats(context);
        problem.LogSumExp = Floats(logSumExp);
        problem.DContext = Floats(dcontext);
        _cores.For(Threads, 1, new AttentionBackward(problem));
    }
}

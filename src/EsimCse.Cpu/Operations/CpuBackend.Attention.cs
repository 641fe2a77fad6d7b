using System.Runtime.InteropServices;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Attention;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    delegate void HeadKernel(in AttentionArguments arguments, in HeadRows rows, float* scratch);

    /// <inheritdoc/>
    public void AttentionForward(
        Matrix qkv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp)
    {
        AttentionArguments arguments = AttentionArguments.FromQkv(qkv, default, batch, heads, mask);
        arguments.O = Floats(context);
        arguments.Lse = Floats(logSumExp);
        ForEachHead(arguments, HeadForward.ScratchLength(arguments), HeadForward.Run);
    }

    /// <inheritdoc/>
    public void AttentionBackward(Matrix dcontext, Matrix qkv, Matrix context, Matrix logSumExp, PackedBatch batch,
        int heads, DropoutMask mask, Matrix dqkv, Matrix dbias)
    {
        AttentionArguments arguments = AttentionArguments.FromQkv(qkv, dqkv, batch, heads, mask);
        arguments.O = Floats(context);
        arguments.Lse = Floats(logSumExp);
        arguments.DOut = Floats(dcontext);
        ForEachHead(arguments, HeadBackward.ScratchLength(arguments), HeadBackward.Run);
        if (dbias.IsPresent) AddColumnSums(dqkv, dbias);
    }

    /// <summary>Deals heads and sentences out to the threads in turn, so that long sentences are spread.</summary>
    void ForEachHead(AttentionArguments arguments, long scratchLength, HeadKernel kernel)
    {
        int parts = Threads;
        int heads = arguments.Sentences * arguments.Heads;
        _pool.For(parts, 1, (from, to) =>
        {
            float* scratch = (float*)NativeMemory.AlignedAlloc((nuint)scratchLength * sizeof(float), Alignment);
            for (int part = from; part < to; part++)
                for (int item = part; item < heads; item += parts)
                {
                    (int sentence, int head) = Math.DivRem(item, arguments.Heads);
                    kernel(arguments, new HeadRows(arguments, sentence, head), scratch);
                }
            NativeMemory.AlignedFree(scratch);
        });
    }
}

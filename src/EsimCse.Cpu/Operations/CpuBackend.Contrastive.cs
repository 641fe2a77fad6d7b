using System.Buffers;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void ContrastiveLoss(
        Matrix h, Matrix queue, Matrix texts, int pairs, float hardNegativeWeight, float temperature, StepState state,
        Matrix logits, Matrix weights, Matrix norms, Matrix dh)
    {
        SoftmaxRow[] rows = ArrayPool<SoftmaxRow>.Shared.Rent(pairs);
        CosineLogits cosines = new()
        {
            H = h,
            Queue = queue,
            Logits = logits,
            DCosines = weights,
            Norms = Floats(norms),
            Temperature = temperature,
            Texts = texts.IsPresent ? Integers(texts) : null,
            HardNegativeWeight = hardNegativeWeight,
            Pairs = pairs,
            QueueCount = queue.IsPresent ? Integers(state.Counters)[StepState.QueueCount] : 0,
            Rows = rows,
        };
        cosines.ComputeNorms();
        _pool.For(pairs, 1, cosines.ComputeRows);
        double loss = 0;
        for (int row = 0; row < pairs; row++) loss += rows[row].Loss;
        Floats(state.Scalars)[StepState.Loss] = (float)(loss / pairs);
        Floats(state.Scalars)[StepState.MaskedLanguageLoss] = 0;
        _pool.For(h.Rows, 1, (from, to) =>
        {
            for (int index = from; index < to; index++) cosines.ComputeGradient(index, Row(dh, index));
        });
        ArrayPool<SoftmaxRow>.Shared.Return(rows);
    }
}

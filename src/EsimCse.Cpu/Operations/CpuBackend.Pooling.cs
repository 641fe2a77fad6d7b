using System.Numerics.Tensors;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void PoolingForward(Matrix x, PackedBatch batch, TokenPooling pooling, int column, Matrix y)
    {
        int* offsets = Integers(batch.Offsets);
        _pool.For(batch.Sentences, 8, (from, to) =>
        {
            for (int s = from; s < to; s++)
            {
                Span<float> pooled = Row(y, s).Slice(column, x.Columns);
                Pool(x, offsets[s], offsets[s + 1], pooling, pooled);
            }
        });
    }

    /// <summary>Pools the rows from first to end.</summary>
    static void Pool(Matrix x, int first, int end, TokenPooling pooling, Span<float> pooled)
    {
        int firstRead = pooling == TokenPooling.LastToken ? end - 1 : first;
        Row(x, firstRead).CopyTo(pooled);
        if (pooling is TokenPooling.Cls or TokenPooling.LastToken) return;
        for (int t = first + 1; t < end; t++)
        {
            float weight = pooling == TokenPooling.WeightedMean ? t - first + 1 : 1;
            if (pooling == TokenPooling.Max) TensorPrimitives.Max(pooled, Row(x, t), pooled);
            else VectorMath.AddScaled(Row(x, t), weight, pooled);
        }
        float length = end - first;
        float divisor = pooling switch
        {
            TokenPooling.Mean => length,
            TokenPooling.MeanSqrtLength => MathF.Sqrt(length),
            TokenPooling.WeightedMean => length * (length + 1) / 2,
            _ => 1,
        };
        if (divisor != 1) TensorPrimitives.Divide(pooled, divisor, pooled);
    }
}

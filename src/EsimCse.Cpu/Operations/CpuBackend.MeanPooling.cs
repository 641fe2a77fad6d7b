using EsimCse.Core.Backend;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void MeanPoolingForward(Matrix x, PackedBatch batch, float scale, bool accumulate, Matrix y)
    {
        int* offsets = Integers(batch.Offsets);
        _pool.For(batch.Sentences, 8, (from, to) =>
        {
            for (int s = from; s < to; s++)
            {
                Span<float> mean = Row(y, s);
                if (!accumulate) mean.Clear();
                float weight = scale / (offsets[s + 1] - offsets[s]);
                for (int t = offsets[s]; t < offsets[s + 1]; t++) VectorMath.AddScaled(Row(x, t), weight, mean);
            }
        });
    }

    /// <inheritdoc/>
    public void MeanPoolingBackward(Matrix dy, PackedBatch batch, float scale, bool accumulate, Matrix dx)
    {
        int* offsets = Integers(batch.Offsets);
        _pool.For(batch.Sentences, 8, (from, to) =>
        {
            for (int s = from; s < to; s++)
            {
                float weight = scale / (offsets[s + 1] - offsets[s]);
                for (int t = offsets[s]; t < offsets[s + 1]; t++)
                {
                    Span<float> dxRow = Row(dx, t);
                    if (!accumulate) dxRow.Clear();
                    VectorMath.AddScaled(Row(dy, s), weight, dxRow);
                }
            }
        });
    }
}

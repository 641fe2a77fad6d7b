using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public void MeanPoolingForward(Matrix x, PackedBatch batch, float scale, bool accumulate, Matrix y) =>
        _cores.For(batch.Sentences, 8, new MeanRows(x, batch, scale, accumulate, y));

    /// <inheritdoc/>
    public void MeanPoolingBackward(Matrix dy, PackedBatch batch, float scale, bool accumulate, Matrix dx) =>
        _cores.For(batch.Sentences, 8, new SpreadRows(dy, batch, scale, accumulate, dx));

    readonly unsafe struct MeanRows(Matrix x, PackedBatch batch, float scale, bool accumulate, Matrix y) : IRangeBody
    {
        public void Run(int from, int to)
        {
            int* offsets = Integers(batch.Offsets);
            for (int s = from; s < to; s++)
            {
                Span<float> mean = Row(y, s);
                if (!accumulate) mean.Clear();
                float weight = scale / (offsets[s + 1] - offsets[s]);
                for (int t = offsets[s]; t < offsets[s + 1]; t++) VectorMath.AddScaled(Row(x, t), weight, mean);
            }
        }
    }

    readonly unsafe struct SpreadRows(Matrix dy, PackedBatch batch, float scale, bool accumulate, Matrix dx) : IRangeBody
    {
        public void Run(int from, int to)
        {
            int* offsets = Integers(batch.Offsets);
            for (int s = from; s < to; s++)
            {
                float weight = scale / (offsets[s + 1] - offsets[s]);
                for (int t = offsets[s]; t < offsets[s + 1]; t++)
                {
                    Span<float> row = Row(dx, t);
                    if (!accumulate) row.Clear();
                    VectorMath.AddScaled(Row(dy, s), weight, row);
                }
            }
        }
    }
}

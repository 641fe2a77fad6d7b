using System.Numerics.Tensors;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void ClsPoolingForward(Matrix x, PackedBatch batch, Matrix y)
    {
        int* offsets = Integers(batch.Offsets);
        for (int s = 0; s < batch.Sentences; s++) Row(x, offsets[s]).CopyTo(Row(y, s));
    }

    /// <inheritdoc/>
    public void ClsPoolingBackward(Matrix dy, PackedBatch batch, Matrix dx)
    {
        int* offsets = Integers(batch.Offsets);
        for (int s = 0; s < batch.Sentences; s++)
        {
            Span<float> dxRow = Row(dx, offsets[s]);
            TensorPrimitives.Add(dxRow, Row(dy, s), dxRow);
        }
    }
}

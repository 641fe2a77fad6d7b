using System.Numerics.Tensors;
using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public unsafe void ClsPoolingForward(Matrix x, PackedBatch batch, Matrix y)
    {
        for (int s = 0; s < batch.Sentences; s++) Row(x, Integers(batch.Offsets)[s]).CopyTo(Row(y, s));
    }

    /// <inheritdoc/>
    public unsafe void ClsPoolingBackward(Matrix dy, PackedBatch batch, Matrix dx)
    {
        for (int s = 0; s < batch.Sentences; s++)
        {
            Span<float> row = Row(dx, Integers(batch.Offsets)[s]);
            TensorPrimitives.Add(row, Row(dy, s), row);
        }
    }
}

using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void ClsPoolingForward(Matrix x, PackedBatch batch, Matrix y) =>
        Launch("clspooling_forward" + Suffix(x), PerRow(batch.Sentences), x, batch.Offsets, y, x.Columns);

    /// <inheritdoc/>
    public void ClsPoolingBackward(Matrix dy, PackedBatch batch, Matrix dx) =>
        Launch("clspooling_backward" + Suffix(dy), PerRow(batch.Sentences), dy, batch.Offsets, dx, dx.Columns);
}

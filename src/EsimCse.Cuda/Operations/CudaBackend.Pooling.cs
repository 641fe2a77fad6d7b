using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void PoolingForward(Matrix x, PackedBatch batch, TokenPooling pooling, int column, Matrix y) =>
        Launch(
            "pooling_forward" + Suffix(x), PerRow(batch.Sentences),
            x, batch.Offsets, (int)pooling, column, y, x.Columns, y.Columns);
}

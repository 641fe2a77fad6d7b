using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void GatherForward(Matrix x, Matrix rows, Matrix y) =>
        Launch("gather_forward" + Suffix(x), PerRow(y.Rows), x, rows, y, y.Columns);

    /// <inheritdoc/>
    public void GatherBackward(Matrix dy, Matrix slots, Matrix dx) =>
        Launch("gather_backward" + Suffix(dy), PerRow(dx.Rows), dy, slots, dx, dx.Columns);
}

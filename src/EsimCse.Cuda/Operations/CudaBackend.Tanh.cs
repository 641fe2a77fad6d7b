using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void TanhForward(Matrix x, Matrix y) =>
        Launch("tanh_forward" + Suffix(x), PerVector(x), x, y, Vectors(x));

    /// <inheritdoc/>
    public void TanhBackward(Matrix dy, Matrix y, Matrix dx) =>
        Launch("tanh_backward" + Suffix(y), PerVector(y), dy, y, dx, Vectors(y));
}

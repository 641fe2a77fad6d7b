using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void GeluForward(Matrix x, Matrix y) =>
        Launch("gelu_forward" + Suffix(x), PerVector(x), x, y, Vectors(x));

    /// <inheritdoc/>
    public void GeluBackward(Matrix dy, Matrix x, Matrix dx) =>
        Launch("gelu_backward" + Suffix(x), PerVector(x), dy, x, dx, Vectors(x));
}

using System.Diagnostics;
using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void ActivationForward(Matrix x, Activation activation, Matrix y) =>
        Launch("activation_forward" + Suffix(activation) + Suffix(x), PerVector(x), x, y, Vectors(x));

    /// <inheritdoc/>
    public void ActivationBackward(Matrix dy, Matrix x, Activation activation, Matrix dx) =>
        Launch("activation_backward" + Suffix(activation) + Suffix(x), PerVector(x), dy, x, dx, Vectors(x));

    static string Suffix(Activation activation) => activation switch
    {
        Activation.Gelu => "_gelu",
        Activation.GeluTanh => "_gelutanh",
        Activation.Relu => "_relu",
        Activation.Tanh => "_tanh",
        Activation.Sigmoid => "_sigmoid",
        _ => throw new UnreachableException(),
    };
}

using System.Diagnostics;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void ActivationForward(Matrix x, Activation activation, Matrix y) =>
        Launch("activation_forward" + Suffix(activation) + Suffix(x), PerVector(x), x, y, Vectors(x));

    /// <inheritdoc/>
    public void ActivationBackward(Matrix dy, Matrix x, Activation activation, Matrix dx, Matrix dbias)
    {
        ExpectWidth(x);
        if (x.Rows == 0) return;
        int parts = CeilingDivide(x.Rows, SumRowsPerPart);
        nint partials = dbias.IsPresent ? KeepSums(parts, x.Columns, dbias) : 0;
        LaunchConfig perPart = PerColumnSums(x.Columns, x.Type.Size(), parts);
        string kernel = "activation_backward" + Suffix(activation) + Suffix(x);
        Launch(kernel, perPart, dy, x, dx, partials, x.Rows, x.Columns);
    }

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

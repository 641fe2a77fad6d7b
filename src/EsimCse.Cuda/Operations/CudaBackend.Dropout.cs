using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void DropoutForward(Matrix x, Matrix offsets, DropoutMask mask, Matrix y)
    {
        if (mask.IsActive)
            Launch("dropout_apply" + Suffix(x), PerRow(x.Rows), x, offsets, Sentences(offsets), mask, y, x.Columns);
        else if (x.Address != y.Address)
            Copy(x, y);
    }

    /// <inheritdoc/>
    public void DropoutBackward(Matrix dy, Matrix offsets, DropoutMask mask, Matrix dx) =>
        DropoutForward(dy, offsets, mask, dx);
}

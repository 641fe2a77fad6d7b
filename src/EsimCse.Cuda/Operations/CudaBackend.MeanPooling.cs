using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void MeanPoolingForward(Matrix x, PackedBatch batch, float scale, bool accumulate, Matrix y) =>
        Launch(
            "meanpooling_forward" + Suffix(x), PerRow(batch.Sentences),
            x, batch.Offsets, scale, accumulate ? 1 : 0, y, x.Columns);

    /// <inheritdoc/>
    public void MeanPoolingBackward(Matrix dy, PackedBatch batch, float scale, bool accumulate, Matrix dx)
    {
        LaunchConfig perSentenceAndPadding = PerRow(BlocksWithPadding(batch));
        Launch(
            "meanpooling_backward" + Suffix(dx), perSentenceAndPadding,
            dy, batch.Offsets, scale, accumulate ? 1 : 0, dx, batch.Tokens, dx.Columns);
    }
}

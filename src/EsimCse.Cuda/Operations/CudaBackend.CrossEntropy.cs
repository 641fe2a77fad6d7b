using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    // crossentropy.cu's RowThreads, WarpSize, and BiasWarps * WarpSize.
    const int CrossEntropyThreads = 512, BiasColumnsPerBlock = 32, BiasThreads = 256;

    /// <inheritdoc/>
    public void CrossEntropyLoss(
        Matrix logits, Matrix labels, Matrix count, float weight, StepState state,
        Matrix losses, Matrix dlogits, Matrix dbias)
    {
        int rows = logits.Rows;
        int columns = logits.Columns;
        LaunchConfig perRow = new(rows, CrossEntropyThreads);
        LaunchConfig perColumns = new(rows == 0 ? 0 : CeilingDivide(columns, BiasColumnsPerBlock), BiasThreads);
        string suffix = Suffix(dlogits);
        Launch("crossentropy_rows" + suffix, perRow, logits, labels, count, weight, losses, dlogits, columns);
        Launch("crossentropy_mean", SingleWarp(rows), losses, count, weight, state, rows);
        Launch("crossentropy_bias" + suffix, perColumns, dlogits, dbias, rows, columns);
    }
}

using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    const int StreamColumnsPerBlock = 1024;

    // rows of loss scratch: the losses, and the four statistics of a streamed softmax
    const int LossScratchRows = 5;

    /// <inheritdoc/>
    public void ContrastiveLoss(
        Matrix h, Matrix queue, float temperature, StepState state,
        Matrix logits, Matrix weights, Matrix norms, Matrix dh)
    {
        ExpectWidth(h);
        int pairs = h.Rows / 2;
        int queueRows = queue.IsPresent ? queue.Rows : 0;
        int columns = h.Columns;
        nint losses = Scratch((long)LossScratchRows * pairs * sizeof(float));
        nint statistics = losses + pairs * sizeof(float);

        LaunchConfig perNorm = PerWarp(h.Rows + queueRows);
        Launch("contrastive_norms", perNorm, h, queue, state, norms, h.Rows, queueRows, columns);
        if (logits.IsPresent)
        {
            LaunchConfig perLogit = PerWarp(pairs + queueRows) with { BlocksY = pairs };
            Launch(
                "contrastive_logits", perLogit, h, queue, state, norms, temperature, logits,
                pairs, queueRows, columns);
            Launch(
                "contrastive_softmax", PerRow(pairs), logits, state, temperature, weights, losses,
                pairs, queueRows);
            Launch("contrastive_mean", SingleWarp(pairs), losses, state, pairs);
            Launch(
                "contrastive_gradient", PerRow(h.Rows), h, queue, state, norms, logits, weights, temperature, dh,
                pairs, queueRows, columns);
        }
        else
        {
            Launch(
                "contrastive_stream", PerRow(pairs), h, queue, state, norms, temperature, statistics, losses,
                pairs, queueRows, columns);
            Launch("contrastive_mean", SingleWarp(pairs), losses, state, pairs);
            int columnBlocks = CeilingDivide(columns, StreamColumnsPerBlock);
            LaunchConfig perRowAndColumns = PerRow(h.Rows) with { BlocksY = columnBlocks };
            Launch(
                "contrastive_streamgradient", perRowAndColumns, h, queue, state, norms, statistics, temperature, dh,
                pairs, queueRows, columns);
        }
    }
}

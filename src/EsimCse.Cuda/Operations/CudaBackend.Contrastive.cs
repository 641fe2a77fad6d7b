using EsimCse.Core.Backend;
using EsimCse.Cuda.Kernels;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    const int GradientColumnsPerBlock = 128;
    const int StreamColumnsPerBlock = 1024;

    // rows of loss scratch: the losses, and the four statistics of a streamed softmax
    const int LossScratchRows = 5;

    /// <inheritdoc/>
    public void ContrastiveLoss(
        Matrix h, Matrix queue, Matrix texts, int pairs, float hardNegativeWeight, float temperature, StepState state,
        Matrix logits, Matrix weights, Matrix norms, Matrix dh)
    {
        ExpectWidth(h);
        int queueRows = queue.IsPresent ? queue.Rows : 0;
        CandidatesArgument candidates = new(texts.Address, hardNegativeWeight, pairs, h.Rows, queueRows);
        int columns = h.Columns;
        nint losses = Scratch((long)LossScratchRows * pairs * sizeof(float));
        nint statistics = losses + pairs * sizeof(float);

        LaunchConfig perNorm = PerWarp(h.Rows + queueRows);
        Launch("contrastive_norms", perNorm, h, queue, state, norms, h.Rows, queueRows, columns);
        if (logits.IsPresent)
        {
            LaunchConfig perLogit = PerWarp(h.Rows - pairs + queueRows) with { BlocksY = pairs };
            Launch(
                "contrastive_logits", perLogit, h, queue, state, norms, candidates, temperature, logits, columns);
            Launch("contrastive_softmax", PerRow(pairs), logits, state, candidates, temperature, weights, losses);
            Launch("contrastive_mean", SingleWarp(pairs), losses, state, pairs);
            LaunchConfig perRowAndColumns = PerRow(h.Rows) with
            {
                BlocksY = CeilingDivide(columns, GradientColumnsPerBlock),
            };
            Launch(
                "contrastive_gradient", perRowAndColumns, h, queue, state, norms, logits, weights, candidates,
                temperature, dh, columns);
        }
        else
        {
            Launch(
                "contrastive_stream", PerRow(pairs), h, queue, state, norms, candidates, temperature,
                statistics, losses, columns);
            Launch("contrastive_mean", SingleWarp(pairs), losses, state, pairs);
            int columnBlocks = CeilingDivide(columns, StreamColumnsPerBlock);
            LaunchConfig perRowAndColumns = PerRow(h.Rows) with { BlocksY = columnBlocks };
            Launch(
                "contrastive_streamgradient", perRowAndColumns, h, queue, state, norms, statistics, candidates,
                temperature, dh, columns);
        }
    }
}

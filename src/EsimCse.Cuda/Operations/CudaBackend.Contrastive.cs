using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    const int StreamedColumns = 1024;

    /// <inheritdoc/>
    public void ContrastiveLoss(Matrix h, Matrix queue, float temperature, StepState state, Matrix logits, Matrix weights, Matrix norms, Matrix dh)
    {
        ExpectWidth(h);
        int pairs = h.Rows / 2, held = queue.IsPresent ? queue.Rows : 0, columns = h.Columns;
        nint losses = Scratch(5L * pairs * sizeof(float)), statistics = losses + pairs * sizeof(float);
        Launch("contrastive_norms", PerWarp(h.Rows + held), h, queue, state, norms, h.Rows, held, columns);
        if (logits.IsPresent)
        {
            Launch("contrastive_logits", PerWarp(pairs + held) with { BlocksY = pairs }, h, queue, state, norms, temperature, logits, pairs, held, columns);
            Launch("contrastive_softmax", PerRow(pairs), logits, state, temperature, weights, losses, pairs, held);
        }
        else Launch("contrastive_stream", PerRow(pairs), h, queue, state, norms, temperature, statistics, losses, pairs, held, columns);
        Launch("contrastive_mean", new(Math.Min(1, pairs), 32), losses, state, pairs);
        if (logits.IsPresent) Launch("contrastive_gradient", PerRow(h.Rows), h, queue, state, norms, logits, weights, temperature, dh, pairs, held, columns);
        else Launch("contrastive_streamgradient", PerRow(h.Rows) with { BlocksY = (columns + StreamedColumns - 1) / StreamedColumns }, h, queue, state, norms, statistics, temperature, dh, pairs, held, columns);
    }
}

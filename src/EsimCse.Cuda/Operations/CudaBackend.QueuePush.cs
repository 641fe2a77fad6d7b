using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void QueuePush(Matrix rows, Matrix queue, StepState state)
    {
        int joined = Math.Min(rows.Rows, queue.Rows);
        Launch("queuepush_copy", PerRow(joined), rows, state, queue, rows.Rows - joined, queue.Rows, rows.Columns);
        Launch("queuepush_advance", new(Math.Min(1, joined), 32), state, joined, queue.Rows);
    }
}

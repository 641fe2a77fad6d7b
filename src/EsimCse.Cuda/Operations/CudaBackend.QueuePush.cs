using EsimCse.Core.Backend;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    /// <inheritdoc/>
    public void QueuePush(Matrix rows, Matrix queue, StepState state)
    {
        int pushedRows = Math.Min(rows.Rows, queue.Rows);
        int firstRow = rows.Rows - pushedRows;
        Launch("queuepush_copy", PerRow(pushedRows), rows, state, queue, firstRow, queue.Rows, rows.Columns);
        Launch("queuepush_advance", SingleWarp(pushedRows), state, pushedRows, queue.Rows);
    }
}

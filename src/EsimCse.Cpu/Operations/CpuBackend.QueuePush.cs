using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void QueuePush(Matrix rows, Matrix queue, StepState state)
    {
        int* counters = Integers(state.Counters);
        if (counters[StepState.NotFiniteStep] != 0) return;
        int head = counters[StepState.QueueHead];
        int count = counters[StepState.QueueCount];
        for (int row = Math.Max(0, rows.Rows - queue.Rows); row < rows.Rows; row++)
        {
            Row(rows, row).CopyTo(Row(queue, head));
            head = (head + 1) % queue.Rows;
            count = Math.Min(count + 1, queue.Rows);
        }
        counters[StepState.QueueHead] = head;
        counters[StepState.QueueCount] = count;
    }
}

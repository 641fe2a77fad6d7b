using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public unsafe void QueuePush(Matrix rows, Matrix queue, StepState state)
    {
        int* counters = Integers(state.Counters);
        if (counters[StepState.NotFiniteStep] != 0) return;
        for (int row = Math.Max(0, rows.Rows - queue.Rows); row < rows.Rows; row++)
        {
            Row(rows, row).CopyTo(Row(queue, counters[StepState.QueueHead]));
            counters[StepState.QueueHead] = (counters[StepState.QueueHead] + 1) % queue.Rows;
            counters[StepState.QueueCount] = Math.Min(counters[StepState.QueueCount] + 1, queue.Rows);
        }
    }
}

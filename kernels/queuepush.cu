// The rows join the queue, a ring of Q rows: written from head on; of more than Q rows the last Q join. Nothing happens once a step was not finite.
// rows [B,E], queue [Q,E] fp32. A block a row that joins; the counters move afterwards.
#include "common.cuh"
#include "stepstate.cuh"

extern "C" __global__ void __launch_bounds__(128) queuepush_copy(const float* rows, StepState state, float* queue, int first, int queue_rows, int columns)
{
    if (state.counters->not_finite_step != 0) return;
    int target = (state.counters->queue_head + blockIdx.x) % queue_rows;
    const float* source = rows + static_cast<long long>(first + blockIdx.x) * columns;
    for (int column = threadIdx.x * 4; column < columns; column += blockDim.x * 4)
        *reinterpret_cast<uint4*>(queue + static_cast<long long>(target) * columns + column) = *reinterpret_cast<const uint4*>(source + column);
}

extern "C" __global__ void __launch_bounds__(32) queuepush_advance(StepState state, int joined, int queue_rows)
{
    if (threadIdx.x != 0 || state.counters->not_finite_step != 0) return;
    state.counters->queue_head = (state.counters->queue_head + joined) % queue_rows;
    state.counters->queue_count = min(state.counters->queue_count + joined, queue_rows);
}

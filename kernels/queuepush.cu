// Appends rows [B,E] to the queue [Q,E], a ring buffer, from queue_head on; of more than Q rows only the last Q are
// pushed. fp32. Does nothing once a step was not finite. One block per pushed row; then the counters advance.
#include "common.cuh"
#include "stepstate.cuh"

extern "C" __global__ void __launch_bounds__(128) queuepush_copy(
    const float* rows, StepState state, float* queue, int first_row, int queue_rows, int columns)
{
    if (state.counters->not_finite_step != 0) return;
    uint32_t row = first_row + blockIdx.x;
    int queue_row = (state.counters->queue_head + blockIdx.x) % queue_rows;
    const float* source = rows + static_cast<long long>(row) * columns;
    long long target = static_cast<long long>(queue_row) * columns;
    for (int column = threadIdx.x * 4; column < columns; column += blockDim.x * 4)
        *reinterpret_cast<uint4*>(queue + target + column) = *reinterpret_cast<const uint4*>(source + column);
}

extern "C" __global__ void __launch_bounds__(32) queuepush_advance(StepState state, int pushed_rows, int queue_rows)
{
    if (threadIdx.x != 0 || state.counters->not_finite_step != 0) return;
    state.counters->queue_head = (state.counters->queue_head + pushed_rows) % queue_rows;
    state.counters->queue_count = min(state.counters->queue_count + pushed_rows, queue_rows);
}

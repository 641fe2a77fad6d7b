// The rows join the queue, a ring of Q rows: written from head on; of more than Q rows the last Q join. Nothing happens once a step was not finite.
// rows [B,E], queue [Q,E] fp32; counters: [1] the step that was not finite, [2] head, [3] count. A block a row that joins; the counters move afterwards.
#include "common.cuh"

constexpr int NotFiniteStep = 1, QueueHead = 2, QueueCount = 3;

extern "C" __global__ void __launch_bounds__(128) queuepush_copy(const float* rows, const int* counters, float* queue, int first, int queue_rows, int columns)
{
    if (counters[NotFiniteStep] != 0) return;
    int target = (counters[QueueHead] + blockIdx.x) % queue_rows;
    const float* source = rows + static_cast<long long>(first + blockIdx.x) * columns;
    for (int column = threadIdx.x * 4; column < columns; column += blockDim.x * 4)
        *reinterpret_cast<uint4*>(queue + static_cast<long long>(target) * columns + column) = *reinterpret_cast<const uint4*>(source + column);
}

extern "C" __global__ void __launch_bounds__(32) queuepush_advance(int* counters, int joined, int queue_rows)
{
    if (threadIdx.x != 0 || counters[NotFiniteStep] != 0) return;
    counters[QueueHead] = (counters[QueueHead] + joined) % queue_rows;
    counters[QueueCount] = min(counters[QueueCount] + joined, queue_rows);
}

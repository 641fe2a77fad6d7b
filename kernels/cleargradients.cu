// Zeroes the tensors of an arena; the padding between them keeps its content, and so do those that the backward pass
// overwrites. Of the table of touched rows only those are zeroed, and are then no longer touched.
// chunks [C,3]: first element, number of elements, flags; the first two are multiples of 4. One block per chunk of the
// other tensors (chunks), a warp per row of the table (rows), so that a row and its flag are one warp's.
#include "common.cuh"
#include "touchedrows.cuh"

constexpr int Overwritten = 4;

extern "C" __global__ void __launch_bounds__(256) cleargradients_chunks(
    const int* chunks, TouchedRows touched, float* gradients)
{
    int start = chunks[3 * blockIdx.x];
    if ((chunks[3 * blockIdx.x + 2] & Overwritten) != 0 || touched.covers(start)) return;
    float* chunk = gradients + start;
    for (int i = threadIdx.x * 4; i < chunks[3 * blockIdx.x + 1]; i += blockDim.x * 4)
        *reinterpret_cast<uint4*>(chunk + i) = make_uint4(0, 0, 0, 0);
}

extern "C" __global__ void __launch_bounds__(128) cleargradients_rows(TouchedRows touched, float* gradients)
{
    int row = blockIdx.x * (blockDim.x / WarpSize) + threadIdx.x / WarpSize;
    int lane = threadIdx.x % WarpSize;
    if (row >= touched.rows || touched.flags[row] == 0) return;
    float* start = gradients + touched.first + static_cast<long long>(row) * touched.columns;
    for (int i = lane * 4; i < touched.columns; i += WarpSize * 4)
        *reinterpret_cast<uint4*>(start + i) = make_uint4(0, 0, 0, 0);
    // Every lane has read the flag.
    __syncwarp();
    if (lane == 0) touched.flags[row] = 0;
}

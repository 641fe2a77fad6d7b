// Zeroes the tensors of an arena chunk by chunk; the padding between them keeps its content, and so do those that the
// backward pass overwrites.
// chunks [C,3]: first element, number of elements, flags; the first two are multiples of 4. One block per chunk.
#include "common.cuh"

constexpr int Overwritten = 4;

extern "C" __global__ void __launch_bounds__(256) cleargradients_chunks(const int* chunks, float* gradients)
{
    if ((chunks[3 * blockIdx.x + 2] & Overwritten) != 0) return;
    float* chunk = gradients + chunks[3 * blockIdx.x];
    for (int i = threadIdx.x * 4; i < chunks[3 * blockIdx.x + 1]; i += blockDim.x * 4)
        *reinterpret_cast<uint4*>(chunk + i) = make_uint4(0, 0, 0, 0);
}

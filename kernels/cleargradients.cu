// Zeros into the tensors of an arena, chunk by chunk; what lies between them stays. chunks [C,3]: first element, number of elements, flags; both multiples of 4.
// A block a chunk.
#include "common.cuh"

extern "C" __global__ void __launch_bounds__(256) cleargradients_chunks(const int* chunks, float* gradients)
{
    float* chunk = gradients + chunks[3 * blockIdx.x];
    for (int i = threadIdx.x * 4; i < chunks[3 * blockIdx.x + 1]; i += blockDim.x * 4) *reinterpret_cast<uint4*>(chunk + i) = make_uint4(0, 0, 0, 0);
}

// norm = √Σ g² over all chunks; clip scale = min(1, maximum / (norm + 1e-6)). The first step whose loss or norm is not
// finite is recorded in not_finite_step. chunks [C,3]: first element, number of elements, flags; gradients fp32;
// partials [C]. One block per chunk, then one block that adds their sums in double, in a fixed order. Rows that are not
// touched are zeros, which change no sum: they are not read.
#include "common.cuh"
#include "stepstate.cuh"
#include "touchedrows.cuh"

constexpr int TotalThreads = 1024;
static_assert(TotalThreads == WarpSize * WarpSize, "a warp adds the totals of all warps");

extern "C" __global__ void __launch_bounds__(256) gradientnorm_chunks(
    const int* chunks, TouchedRows touched, const float* gradients, float* partials)
{
    __shared__ float scratch[WarpSize];
    int start = chunks[3 * blockIdx.x];
    const float* chunk = gradients + start;
    bool has_touched_rows = touched.covers(start);
    float sum = 0;
    for (int i = threadIdx.x * 4; i < chunks[3 * blockIdx.x + 1]; i += blockDim.x * 4)
    {
        if (has_touched_rows && !touched.contains(start + i)) continue;
        float g[4];
        load(chunk + i, g);
#pragma unroll
        for (int k = 0; k < 4; k++) sum += g[k] * g[k];
    }
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

extern "C" __global__ void __launch_bounds__(TotalThreads) gradientnorm_total(
    const float* partials, int chunks, float maximum, StepState state)
{
    __shared__ double warp_totals[WarpSize];
    double sum = 0;
#pragma unroll 4
    for (int i = threadIdx.x; i < chunks; i += TotalThreads) sum += partials[i];
    sum = warp_sum(sum);
    if (threadIdx.x % WarpSize == 0) warp_totals[threadIdx.x / WarpSize] = sum;
    __syncthreads();
    if (threadIdx.x >= WarpSize) return;
    sum = warp_sum(warp_totals[threadIdx.x]);
    if (threadIdx.x != 0) return;

    float norm = static_cast<float>(sqrt(sum));
    state.scalars->gradient_norm = norm;
    state.scalars->clip_scale = fminf(1, maximum / (norm + 1e-6f));

    float largest_float = __uint_as_float(0x7f7fffffu);
    bool is_finite = norm <= largest_float && fabsf(state.scalars->loss) <= largest_float;
    if (state.counters->not_finite_step == 0 && !is_finite) state.counters->not_finite_step = state.counters->step;
}

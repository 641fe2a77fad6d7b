// The sums of a row's softmax that lose no digits: a block of Threads threads reduces logits [count] in a
// fixed order. And the sum of the losses of the rows.
#pragma once
#include "common.cuh"

struct SoftmaxSums
{
    float maximum;
    float without_max;     // Σ e^(logit - maximum) over all but one of the largest
    float without_target;  // Σ e^(logit - maximum) over all but the target
};

// Returns the sum of the losses of all rows to every lane of a block of one warp.
__device__ __forceinline__ double total_loss(const float* losses, int rows)
{
    double sum = 0;
    for (int row = threadIdx.x; row < rows; row += WarpSize) sum += losses[row];
    return warp_sum(sum);
}

template <int Threads>
__device__ __forceinline__ SoftmaxSums softmax_sums(const float* logits, int count, int target, float* scratch)
{
    float maximum = -infinity();
    for (int j = threadIdx.x; j < count; j += Threads) maximum = fmaxf(maximum, logits[j]);
    maximum = block_max(maximum, scratch);

    // A NaN is never the maximum: the sums propagate it.
    float max_count = 0;
    float without_max = 0;
    float without_target = 0;
    for (int j = threadIdx.x; j < count; j += Threads)
    {
        float e = expf(logits[j] - maximum);
        if (logits[j] == maximum) max_count += 1;
        else without_max += e;
        if (j != target) without_target += e;
    }
    max_count = block_sum(max_count, scratch);
    without_max = block_sum(without_max, scratch) + (max_count - 1);
    without_target = block_sum(without_target, scratch);
    return {maximum, without_max, without_target};
}

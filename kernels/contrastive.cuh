// Vectors, candidates and logits of the contrastive loss.
#pragma once
#include "common.cuh"
#include "stepstate.cuh"

constexpr float MinNorm = 1e-8f;
constexpr float ExcludedLogit = -1e30f;  // its softmax is 0; finite, for it is multiplied by that

__device__ __forceinline__ int filled_rows(int queue_rows, StepState state)
{
    return queue_rows > 0 ? state.counters->queue_count : 0;
}

// The candidates of the anchors: positives, hard negatives, then the filled rows of the queue.
struct Candidates
{
    const int* texts;            // [VB]: equal numbers for rows of equal text; null where all differ
    float hard_negative_weight;  // w
    int pairs;                   // B
    int h_rows;                  // VB
    int queue_rows;              // Q

    __device__ __forceinline__ int in_batch() const { return h_rows - pairs; }

    __device__ __forceinline__ int stride() const { return in_batch() + queue_rows; }

    __device__ __forceinline__ int count(StepState state) const
    {
        return in_batch() + filled_rows(queue_rows, state);
    }

    __device__ __forceinline__ bool excludes(int anchor, int column) const
    {
        if (texts == nullptr || column == anchor || column >= in_batch()) return false;
        int text = texts[pairs + column];
        bool is_same_row = column < pairs && texts[column] == texts[anchor];
        return is_same_row || text == texts[anchor] || text == texts[pairs + anchor];
    }

    __device__ __forceinline__ float bonus(int anchor, int column) const
    {
        return column == pairs + anchor && column < in_batch() ? hard_negative_weight : 0.0f;
    }
};

// The rows of h, then those of the queue.
struct Vectors
{
    const float* h;
    const float* queue;
    int h_rows;
    int columns;

    __device__ __forceinline__ const float* operator[](int index) const
    {
        if (index < h_rows) return h + static_cast<long long>(index) * columns;
        return queue + static_cast<long long>(index - h_rows) * columns;
    }
};

__device__ __forceinline__ float inverse_norm(const float* norms, int index)
{
    return 1 / fmaxf(norms[index], MinNorm);
}

__device__ __forceinline__ float warp_dot(const float* a, const float* b, int columns)
{
    float sum = 0;
    float a_values[4];
    float b_values[4];
    for (int column = threadIdx.x % WarpSize * 4; column < columns; column += WarpSize * 4)
    {
        load(a + column, a_values);
        load(b + column, b_values);
#pragma unroll
        for (int i = 0; i < 4; i++) sum += a_values[i] * b_values[i];
    }
    return warp_sum(sum);
}

__device__ __forceinline__ float warp_cosine(const Vectors& vectors, const float* norms, int a, int b)
{
    float dot = warp_dot(vectors[a], vectors[b], vectors.columns);
    return dot * inverse_norm(norms, a) * inverse_norm(norms, b);
}

__device__ __forceinline__ float warp_logit(
    const Vectors& vectors, const float* norms, const Candidates& candidates, float temperature, int anchor,
    int column)
{
    if (candidates.excludes(anchor, column)) return ExcludedLogit;
    float cosine = warp_cosine(vectors, norms, anchor, candidates.pairs + column);
    return cosine / temperature + candidates.bonus(anchor, column);
}

// dh from sum = Σ weight · other / |other| and projection = Σ weight · cos, for four columns of a row of h.
__device__ __forceinline__ void store_dh(
    const float* h, const float* norms, int row, float projection, float inverse, float (&sum)[4], float* dh)
{
    float h_values[4];
    load(h, h_values);
#pragma unroll
    for (int k = 0; k < 4; k++)
    {
        float radial = norms[row] < MinNorm ? 0.0f : projection * inverse * h_values[k];
        sum[k] = (sum[k] - radial) * inverse;
    }
    store(dh, sum);
}

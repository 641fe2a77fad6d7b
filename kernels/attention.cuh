// Attention of one query, by a warp: the functions that attention.cu and clsattention.cu share. Lanes take keys for the
// scores and columns for the sums, each in ascending order, so that a sentence's bits depend on that sentence alone.
#pragma once
#include "attention_rows.cuh"
#include "philox.cuh"

// Backward, a sentence of at most this many tokens is one block's: its probabilities fit into shared memory. The choice
// depends on the sentence's length alone.
constexpr int ShortSentence = 64;

// The dot product of a vector in shared memory and one of T.
template <class T> __device__ __forceinline__ float dot(const float* a, const T* b, int size)
{
    constexpr int N = Vector<T>::Length;
    float sum = 0, values[N];
    for (int d = 0; d < size; d += N)
    {
        load(b + d, values);
#pragma unroll
        for (int i = 0; i < N; i++) sum += a[d + i] * values[i];
    }
    return sum;
}

// Σ a b over a row of both in shared memory, in every lane of a warp.
__device__ __forceinline__ float warp_dot(const float* a, const float* b, int size)
{
    float sum = 0;
    for (int d = threadIdx.x % WarpSize; d < size; d += WarpSize) sum += a[d] * b[d];
    return warp_sum(sum);
}

// Copies a row to shared memory as fp32, by a warp.
template <class T> __device__ __forceinline__ void load_row(const T* row, float* target, int size)
{
    constexpr int N = Vector<T>::Length;
    __syncwarp();
    for (int d = (threadIdx.x % WarpSize) * N; d < size; d += WarpSize * N)
    {
        float values[N];
        load(row + d, values);
#pragma unroll
        for (int i = 0; i < N; i++) target[d + i] = values[i];
    }
    __syncwarp();
}

// target[d] = Σ weights[i · stride] rows[i][d] over n rows, by a warp.
template <class T>
__device__ __forceinline__ void weighted_sum(const float* weights, const Rows<const T>& rows, int n, T* target,
    int size, int stride = 1)
{
    constexpr int N = Vector<T>::Length;
    __syncwarp();
    for (int d = (threadIdx.x % WarpSize) * N; d < size; d += WarpSize * N)
    {
        float sum[N] = {}, values[N];
        for (int i = 0; i < n; i++)
        {
            load(rows[i] + d, values);
#pragma unroll
            for (int k = 0; k < N; k++) sum[k] += weights[i * stride] * values[k];
        }
        store(target + d, sum);
    }
    __syncwarp();
}

// Computes p = softmax(q Kᵀ / √D) ∘ mask for query i, by a warp; returns the log-sum-exp of the scaled scores.
template <class T>
__device__ __forceinline__ float softmax_row(const float* q, const Rows<const T>& k, const HeadRows& head,
    const Dropout& mask, const Draws& draws, int i, float* p)
{
    int lane = threadIdx.x % WarpSize;
    float scale = rsqrtf(static_cast<float>(head.size));
    float max = -infinity();
    float sum = 0;
    for (int j = lane; j < head.n; j += WarpSize)
    {
        p[j] = dot(q, k[j], head.size) * scale;
        max = fmaxf(max, p[j]);
    }
    max = warp_max(max);
    for (int j = lane; j < head.n; j += WarpSize)
    {
        p[j] = expf(p[j] - max);
        sum += p[j];
    }
    sum = warp_sum(sum);
    float inverse = 1 / sum;
    for (int j = lane; j < head.n; j += WarpSize)
    {
        p[j] *= inverse;
        if (mask.drops()) p[j] *= dropout_factor(mask, draws, head.mask_element(i, j));
    }
    return max + logf(sum);
}

// Computes ds = p ∘ (dp ∘ mask - delta) / √D and, unless it is null, p_dropped = p ∘ mask for query i, by a warp.
// p comes from the log-sum-exp; dp = dout Vᵀ, delta = Σ dO ∘ O.
template <class T>
__device__ __forceinline__ void softmax_row_backward(const float* q, const float* dout, float delta, float lse,
    const Rows<const T>& k, const Rows<const T>& v, const HeadRows& head, const Dropout& mask, const Draws& draws,
    int i, float* ds, float* p_dropped)
{
    float scale = rsqrtf(static_cast<float>(head.size));
    for (int j = threadIdx.x % WarpSize; j < head.n; j += WarpSize)
    {
        float p = expf(dot(q, k[j], head.size) * scale - lse);
        float dp = dot(dout, v[j], head.size);
        float factor = mask.drops() ? dropout_factor(mask, draws, head.mask_element(i, j)) : 1.0f;
        ds[j] = p * (dp * factor - delta) * scale;
        if (p_dropped != nullptr) p_dropped[j] = p * factor;
    }
}

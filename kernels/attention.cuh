// One query, or one key, of one head of one sentence: what the attention kernels share. A warp works on it; lanes take keys (or queries) for the scores and
// columns for the sums, each in ascending order, so that a sentence's bits depend on that sentence alone.
#pragma once
#include "common.cuh"
#include "philox.cuh"

// Backward, a sentence of so many tokens or fewer is a block's: its probabilities fit into shared memory. The path is the sentence's own, whatever is beside it.
constexpr int ShortSentence = 64;

// Rows of a head of a sentence: row i begins at data + i · stride.
template <class T> struct Rows
{
    T* data;
    long long stride;

    __device__ __forceinline__ T* operator[](int row) const { return data + row * stride; }
};

// The product of a vector in shared memory and one of T.
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

// A row as fp32 in shared memory, by a warp.
template <class T> __device__ __forceinline__ void keep(const T* row, float* target, int size)
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

// target[d] = Σ weights[i · stride] rows[i][d] over the rows, by a warp.
template <class T> __device__ __forceinline__ void combine(const float* weights, const Rows<const T>& rows, int count, T* target, int size, int stride = 1)
{
    constexpr int N = Vector<T>::Length;
    __syncwarp();
    for (int d = (threadIdx.x % WarpSize) * N; d < size; d += WarpSize * N)
    {
        float sum[N] = {}, values[N];
        for (int i = 0; i < count; i++)
        {
            load(rows[i] + d, values);
#pragma unroll
            for (int k = 0; k < N; k++) sum[k] += weights[i * stride] * values[k];
        }
        store(target + d, sum);
    }
    __syncwarp();
}

// A query's softmax: weights[j] = P[j] ∘ mask for the keys; gives back the log-sum-exp of the scaled scores.
template <class T> __device__ __forceinline__ float attend(const float* query, const Rows<const T>& keys, int count, int size, const Dropout& mask, int sentence, uint32_t element, float* weights)
{
    int lane = threadIdx.x % WarpSize;
    float scale = rsqrtf(static_cast<float>(size)), largest = __uint_as_float(0xff800000u), sum = 0;
    for (int j = lane; j < count; j += WarpSize)
    {
        weights[j] = dot(query, keys[j], size) * scale;
        largest = fmaxf(largest, weights[j]);
    }
    largest = warp_max(largest);
    for (int j = lane; j < count; j += WarpSize)
    {
        weights[j] = expf(weights[j] - largest);
        sum += weights[j];
    }
    sum = warp_sum(sum);
    float share = 1 / sum;
    for (int j = lane; j < count; j += WarpSize)
    {
        weights[j] *= share;
        if (mask.drops()) weights[j] *= dropout_factor(mask, sentence, element + j);
    }
    return largest + logf(sum);
}

// The gradient of a query's scores, before the scaling by 1 / √D is undone: slopes[j] = P (dP - Σ dcontext context) / √D; kept[j] = P ∘ mask, where wanted.
template <class T> __device__ __forceinline__ void attend_backward(const float* query, const float* dcontext, float along, float log_sum_exp, const Rows<const T>& keys,
    const Rows<const T>& values, int count, int size, const Dropout& mask, int sentence, uint32_t element, float* slopes, float* kept)
{
    float scale = rsqrtf(static_cast<float>(size));
    for (int j = threadIdx.x % WarpSize; j < count; j += WarpSize)
    {
        float p = expf(dot(query, keys[j], size) * scale - log_sum_exp), factor = mask.drops() ? dropout_factor(mask, sentence, element + j) : 1.0f;
        slopes[j] = p * (dot(dcontext, values[j], size) * factor - along) * scale;
        if (kept != nullptr) kept[j] = p * factor;
    }
}

// Zeros for the columns of a head in the rows from first on, by a block: what belongs to no sentence.
template <class T> __device__ __forceinline__ void clear_rows(T* target, int first, int rows, long long stride, int size)
{
    constexpr int N = Vector<T>::Length;
    for (long long row = first + threadIdx.x / WarpSize; row < rows; row += blockDim.x / WarpSize)
        for (int d = threadIdx.x % WarpSize * N; d < size; d += WarpSize * N)
            *reinterpret_cast<uint4*>(target + row * stride + d) = make_uint4(0, 0, 0, 0);
}

// The same for the columns of Q, K and V.
template <class T> __device__ __forceinline__ void clear_gradients(T* target, int first, int rows, int hidden, int size)
{
    for (int part = 0; part < 3; part++) clear_rows(target + part * hidden, first, rows, 3 * hidden, size);
}

// Σ a b over a row of both, in every lane.
__device__ __forceinline__ float along(const float* a, const float* b, int size)
{
    float sum = 0;
    for (int d = threadIdx.x % WarpSize; d < size; d += WarpSize) sum += a[d] * b[d];
    return warp_sum(sum);
}

// Attention for the query of each sentence's first token alone, and backward: the formulas of attention.cu with one query.
//
// q, dq [S,H]; kv, dkv [T,2H]: K and V side by side; context, dcontext [S,H]; logSumExp fp32 [A,S]. The mask's elements are those of query 0 of [A,n,n].
// A warp a sentence and head, and a block of its own; backward, the last block of a head writes zeros to the rows that belong to no sentence.
#include "attention.cuh"

template <class T> __device__ __forceinline__ void forward(const T* q, const T* kv, const int* offsets, int size, const Dropout& mask, T* context, float* log_sum_exp)
{
    DYNAMIC_SHARED(float, shared);
    int sentence = blockIdx.x, head = blockIdx.y, hidden = gridDim.y * size, first = offsets[sentence], n = offsets[sentence + 1] - first;
    const T* base = kv + static_cast<long long>(first) * 2 * hidden + head * size;
    Rows<const T> keys = {base, 2 * hidden}, values = {base + hidden, 2 * hidden};
    long long row = static_cast<long long>(sentence) * hidden + head * size;
    float *query = shared, *weights = query + size;
    keep(q + row, query, size);
    float lse = attend(query, keys, n, size, mask, sentence, static_cast<uint32_t>(head) * n * n, weights);
    combine(weights, values, n, context + row, size);
    if (log_sum_exp != nullptr && threadIdx.x == 0) log_sum_exp[static_cast<long long>(head) * gridDim.x + sentence] = lse;
}

template <class T> __device__ __forceinline__ void backward(const T* dcontext, const T* q, const T* kv, const T* context, const float* log_sum_exp, const int* offsets, int tokens,
    int longest, int size, const Dropout& mask, T* dq, T* dkv)
{
    DYNAMIC_SHARED(float, shared);
    int sentence = blockIdx.x, head = blockIdx.y, hidden = gridDim.y * size, first = offsets[sentence], sentences = gridDim.x - 1;
    if (sentence == sentences)
    {
        clear_rows(dkv + head * size, first, tokens, 2 * hidden, size);
        return clear_rows(dkv + hidden + head * size, first, tokens, 2 * hidden, size);
    }
    int n = offsets[sentence + 1] - first;
    long long start = static_cast<long long>(first) * 2 * hidden + head * size, row = static_cast<long long>(sentence) * hidden + head * size;
    Rows<const T> keys = {kv + start, 2 * hidden}, values = {kv + start + hidden, 2 * hidden};
    float *query = shared, *slope = query + size, *out = slope + size, *slopes = out + size, *kept = slopes + longest;
    keep(q + row, query, size);
    keep(dcontext + row, slope, size);
    keep(context + row, out, size);
    attend_backward(query, slope, along(slope, out, size), log_sum_exp[static_cast<long long>(head) * sentences + sentence], keys, values, n, size, mask, sentence,
        static_cast<uint32_t>(head) * n * n, slopes, kept);
    combine(slopes, keys, n, dq + row, size);
    constexpr int N = Vector<T>::Length;
    for (int j = 0; j < n; j++)
        for (int d = threadIdx.x * N; d < size; d += WarpSize * N)
        {
            float dk[N], dv[N];
#pragma unroll
            for (int i = 0; i < N; i++)
            {
                dk[i] = slopes[j] * query[d + i];
                dv[i] = kept[j] * slope[d + i];
            }
            T* target = dkv + start + static_cast<long long>(j) * 2 * hidden + d;
            store(target, dk);
            store(target + hidden, dv);
        }
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(32) clsattention_forward_##name(const T* q, const T* kv, const int* offsets, int size, Dropout mask, T* context, float* log_sum_exp) \
    { \
        forward<T>(q, kv, offsets, size, mask, context, log_sum_exp); \
    } \
    extern "C" __global__ void __launch_bounds__(32) clsattention_backward_##name(const T* dcontext, const T* q, const T* kv, const T* context, const float* log_sum_exp, \
        const int* offsets, int tokens, int longest, int size, Dropout mask, T* dq, T* dkv) \
    { \
        backward<T>(dcontext, q, kv, context, log_sum_exp, offsets, tokens, longest, size, mask, dq, dkv); \
    }
FOR_EACH_TYPE(ENTRY)

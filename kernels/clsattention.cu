// Attention for the query of each sentence's first token only, and backward: the formulas of attention.cu for query 0.
//
// q, dq [S,H]; kv, dkv [T,2H]: K in the columns 0 … H-1, V in H … 2H-1; context, dcontext [S,H]; logSumExp fp32 [A,S],
// may be null forward. dbias += Σ dq, Σ dkv: partials, may be null, [S,3H] are the sums of each sentence for
// linear_reduce. The mask's elements are those of query 0 of [A,n,n]. A block of one warp per sentence and head;
// backward, the last block of a head writes zeros to the rows that belong to no sentence. Sums have a fixed order.
#include "attention.cuh"

template <class T>
__device__ __forceinline__ void forward(const T* q, const T* kv, const int* offsets, int size, const Dropout& mask,
    T* context, float* log_sum_exp)
{
    DYNAMIC_SHARED(float, shared);
    HeadRows head(offsets, size);
    long long row = static_cast<long long>(head.sentence) * head.hidden + head.head * size;
    Rows<const T> k = head.rows(kv, 2, 0);
    Rows<const T> v = head.rows(kv, 2, 1);
    float* q_row = shared;
    float* p = q_row + size;
    load_row(q + row, q_row, size);
    float lse = softmax_row(q_row, k, head, mask, draws_of(mask, head.sentence), 0, p);
    weighted_sum(p, v, head.n, context + row, size);
    if (log_sum_exp != nullptr && threadIdx.x == 0)
        log_sum_exp[static_cast<long long>(head.head) * gridDim.x + head.sentence] = lse;
}

// Stores weight · row, and adds the rounded products to the sum.
template <class T, int N>
__device__ __forceinline__ void store_scaled(float weight, const float* row, T* target, float (&sum)[N])
{
    float values[N];
    uint32_t word[4];
#pragma unroll
    for (int i = 0; i < N; i++) values[i] = weight * row[i];
    pack<T>(values, word);
    *reinterpret_cast<uint4*>(target) = make_uint4(word[0], word[1], word[2], word[3]);
    unpack<T>(word, values);
#pragma unroll
    for (int i = 0; i < N; i++) sum[i] += values[i];
}

// dk[j] = ds[j] q, and dv[j] = p_dropped[j] dout in the columns `hidden` further on. sums, may be null: the head's
// columns of the sums of dk, and those of dv as much further on.
template <class T>
__device__ __forceinline__ void outer_products(const float* ds, const float* p_dropped, const float* q,
    const float* dout, int n, int size, const Rows<T>& dk, int hidden, float* sums)
{
    constexpr int N = Vector<T>::Length;
    for (int d = threadIdx.x * N; d < size; d += WarpSize * N)
    {
        float dk_sum[N] = {}, dv_sum[N] = {};
        for (int j = 0; j < n; j++)
        {
            store_scaled(ds[j], q + d, dk[j] + d, dk_sum);
            store_scaled(p_dropped[j], dout + d, dk[j] + d + hidden, dv_sum);
        }
        if (sums == nullptr) continue;
        store_wide(sums + d, dk_sum);
        store_wide(sums + d + hidden, dv_sum);
    }
}

// Copies a row that the same lanes wrote.
template <class T> __device__ __forceinline__ void copy_as_fp32(const T* row, float* target, int size)
{
    constexpr int N = Vector<T>::Length;
    for (int d = threadIdx.x * N; d < size; d += WarpSize * N)
    {
        float values[N];
        load(row + d, values);
        store_wide(target + d, values);
    }
}

template <class T>
__device__ __forceinline__ void backward(const T* dcontext, const T* q, const T* kv, const T* context,
    const float* log_sum_exp, const int* offsets, int tokens, int longest, int size, const Dropout& mask, T* dq, T* dkv,
    float* partials)
{
    DYNAMIC_SHARED(float, shared);
    if (is_padding_block<2>(dkv, offsets, tokens, size)) return;
    HeadRows head(offsets, size);
    int n = head.n;
    int sentences = gridDim.x - 1;
    long long row = static_cast<long long>(head.sentence) * head.hidden + head.head * size;
    Rows<const T> k = head.rows(kv, 2, 0);
    Rows<const T> v = head.rows(kv, 2, 1);
    float* q_row = shared;
    float* dout = q_row + size;
    float* o = dout + size;
    float* ds = o + size;
    float* p_dropped = ds + longest;
    load_row(q + row, q_row, size);
    load_row(dcontext + row, dout, size);
    load_row(context + row, o, size);
    float lse = log_sum_exp[static_cast<long long>(head.head) * sentences + head.sentence];
    Draws draws = draws_of(mask, head.sentence);
    softmax_row_backward(q_row, dout, warp_dot(dout, o, size), lse, k, v, head, mask, draws, 0, ds, p_dropped);
    weighted_sum(ds, k, n, dq + row, size);
    float* sums = nullptr;
    if (partials != nullptr)
    {
        float* partial = partials + 3LL * head.sentence * head.hidden + head.head * size;
        copy_as_fp32(dq + row, partial, size);
        sums = partial + head.hidden;
    }
    outer_products(ds, p_dropped, q_row, dout, n, size, head.rows(dkv, 2), head.hidden, sums);
}

#define ENTRIES(name, T) \
    extern "C" __global__ void __launch_bounds__(32) clsattention_forward_##name(const T* q, const T* kv, \
        const int* offsets, int size, Dropout mask, T* context, float* log_sum_exp) \
    { \
        forward<T>(q, kv, offsets, size, mask, context, log_sum_exp); \
    } \
    extern "C" __global__ void __launch_bounds__(32) clsattention_backward_##name(const T* dcontext, const T* q, \
        const T* kv, const T* context, const float* log_sum_exp, const int* offsets, int tokens, int longest, \
        int size, Dropout mask, T* dq, T* dkv, float* partials) \
    { \
        backward<T>(dcontext, q, kv, context, log_sum_exp, offsets, tokens, longest, size, mask, dq, dkv, partials); \
    }
FOR_EACH_TYPE(ENTRIES)

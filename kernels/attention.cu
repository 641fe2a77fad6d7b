// For each sentence and head: P = softmax(Q Kᵀ / √D), context = (P ∘ mask) V; and backward, with P again from the log-sum-exp:
//
//   dV = (P ∘ mask)ᵀ dcontext;  dP = (dcontext Vᵀ) ∘ mask;  dS = P (dP - Σ dcontext context) / √D;  dQ = dS K;  dK = dSᵀ Q
//
// qkv, dqkv [T,3H]: Q, K, V side by side, head a in columns aD … aD+D-1 of each; context, dcontext [T,H]; logSumExp fp32 [A,T]. The mask's array of a sentence of
// n tokens is [A,n,n]. A block a sentence and head, a warp a query (forward, dQ) or a key (dK, dV): no atomics, so the same bits always. Backward, a short sentence is one
// block's, which computes P ∘ mask and dS once (backward); of a longer one a kernel owns the queries (queries) and one the keys (keys), and both compute them. The block past
// the last sentence writes zeros to the rows that belong to none. Entries with "tiles" and a head's size do the same on tensor cores.
#include "attention.cuh"
#include "attentiontilesbackward.cuh"
#include "attentiontilesshort.cuh"

template <class T> __device__ __forceinline__ void forward(const T* qkv, const int* offsets, int longest, int size, const Dropout& mask, T* context, float* log_sum_exp, int tokens)
{
    DYNAMIC_SHARED(float, shared);
    int sentence = blockIdx.x, head = blockIdx.y, heads = gridDim.y, hidden = heads * size, first = offsets[sentence];
    if (sentence == gridDim.x - 1) return clear_rows(context + head * size, first, tokens, hidden, size);
    int n = offsets[sentence + 1] - first;
    const T* base = qkv + static_cast<long long>(first) * 3 * hidden + head * size;
    Rows<const T> queries = {base, 3 * hidden}, keys = {base + hidden, 3 * hidden}, values = {base + 2 * hidden, 3 * hidden};
    float *query = shared + threadIdx.x / WarpSize * (size + longest), *weights = query + size;
    for (int i = threadIdx.x / WarpSize; i < n; i += blockDim.x / WarpSize)
    {
        keep(queries[i], query, size);
        float lse = attend(query, keys, n, size, mask, sentence, (static_cast<uint32_t>(head) * n + i) * n, weights);
        combine(weights, values, n, context + static_cast<long long>(first + i) * hidden + head * size, size);
        if (log_sum_exp != nullptr && threadIdx.x % WarpSize == 0) log_sum_exp[static_cast<long long>(head) * tokens + first + i] = lse;
    }
}

template <class T> __device__ __forceinline__ void backward_short(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, int size,
    const Dropout& mask, T* dqkv, int tokens)
{
    DYNAMIC_SHARED(float, shared);
    int sentence = blockIdx.x, head = blockIdx.y, heads = gridDim.y, hidden = heads * size, first = offsets[sentence], warp = threadIdx.x / WarpSize, warps = blockDim.x / WarpSize;
    if (sentence == gridDim.x - 1) return clear_gradients(dqkv + head * size, first, tokens, hidden, size);
    int n = offsets[sentence + 1] - first;
    if (n > ShortSentence) return;
    long long start = static_cast<long long>(first) * 3 * hidden + head * size, row = static_cast<long long>(first) * hidden + head * size;
    Rows<const T> queries = {qkv + start, 3 * hidden}, keys = {qkv + start + hidden, 3 * hidden}, values = {qkv + start + 2 * hidden, 3 * hidden};
    Rows<const T> dcontexts = {dcontext + row, hidden}, contexts = {context + row, hidden};
    Rows<T> gradients = {dqkv + start, 3 * hidden};
    float *query = shared + warp * 3 * size, *slope = query + size, *out = slope + size, *slopes = shared + warps * 3 * size, *kept = slopes + n * n;
    for (int i = warp; i < n; i += warps)
    {
        keep(queries[i], query, size);
        keep(dcontexts[i], slope, size);
        keep(contexts[i], out, size);
        attend_backward(query, slope, along(slope, out, size), log_sum_exp[static_cast<long long>(head) * tokens + first + i], keys, values, n, size, mask, sentence,
            (static_cast<uint32_t>(head) * n + i) * n, slopes + i * n, kept + i * n);
        combine(slopes + i * n, keys, n, gradients[i], size);
    }
    __syncthreads();
    for (int j = warp; j < n; j += warps)
    {
        combine(slopes + j, queries, n, gradients[j] + hidden, size, n);
        combine(kept + j, dcontexts, n, gradients[j] + 2 * hidden, size, n);
    }
}

template <class T> __device__ __forceinline__ void backward_queries(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, int longest,
    int size, const Dropout& mask, T* dqkv, int tokens)
{
    DYNAMIC_SHARED(float, shared);
    int sentence = blockIdx.x, head = blockIdx.y, heads = gridDim.y, hidden = heads * size, first = offsets[sentence];
    int n = offsets[sentence + 1] - first;
    if (n <= ShortSentence) return;
    long long start = static_cast<long long>(first) * 3 * hidden + head * size;
    Rows<const T> queries = {qkv + start, 3 * hidden}, keys = {qkv + start + hidden, 3 * hidden}, values = {qkv + start + 2 * hidden, 3 * hidden};
    float *query = shared + threadIdx.x / WarpSize * (3 * size + longest), *slope = query + size, *out = slope + size, *slopes = out + size;
    for (int i = threadIdx.x / WarpSize; i < n; i += blockDim.x / WarpSize)
    {
        long long row = static_cast<long long>(first + i) * hidden + head * size;
        keep(queries[i], query, size);
        keep(dcontext + row, slope, size);
        keep(context + row, out, size);
        attend_backward(query, slope, along(slope, out, size), log_sum_exp[static_cast<long long>(head) * tokens + first + i], keys, values, n, size, mask, sentence,
            (static_cast<uint32_t>(head) * n + i) * n, slopes, nullptr);
        combine(slopes, keys, n, dqkv + start + static_cast<long long>(i) * 3 * hidden, size);
    }
}

// A key's column of P and dS: lanes take the queries.
template <class T> __device__ __forceinline__ void backward_keys(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, int longest,
    int size, const Dropout& mask, T* dqkv, int tokens)
{
    DYNAMIC_SHARED(float, shared);
    int sentence = blockIdx.x, head = blockIdx.y, heads = gridDim.y, hidden = heads * size, first = offsets[sentence];
    int n = offsets[sentence + 1] - first;
    if (n <= ShortSentence) return;
    long long start = static_cast<long long>(first) * 3 * hidden + head * size, row = static_cast<long long>(first) * hidden + head * size;
    Rows<const T> queries = {qkv + start, 3 * hidden}, keys = {qkv + start + hidden, 3 * hidden}, values = {qkv + start + 2 * hidden, 3 * hidden};
    Rows<const T> slopes = {dcontext + row, hidden}, outs = {context + row, hidden};
    float *key = shared + threadIdx.x / WarpSize * 2 * (size + longest), *value = key + size, *column = value + size, *kept = column + longest;
    constexpr int N = Vector<T>::Length;
    float scale = rsqrtf(static_cast<float>(size));
    for (int j = threadIdx.x / WarpSize; j < n; j += blockDim.x / WarpSize)
    {
        keep(keys[j], key, size);
        keep(values[j], value, size);
        for (int i = threadIdx.x % WarpSize; i < n; i += WarpSize)
        {
            float p = expf(dot(key, queries[i], size) * scale - log_sum_exp[static_cast<long long>(head) * tokens + first + i]), sum = 0, a[N], b[N];
            for (int d = 0; d < size; d += N)
            {
                load(slopes[i] + d, a);
                load(outs[i] + d, b);
#pragma unroll
                for (int k = 0; k < N; k++) sum += a[k] * b[k];
            }
            float factor = mask.drops() ? dropout_factor(mask, sentence, (static_cast<uint32_t>(head) * n + i) * n + j) : 1.0f;
            column[i] = p * (dot(value, slopes[i], size) * factor - sum) * scale;
            kept[i] = p * factor;
        }
        combine(column, queries, n, dqkv + start + static_cast<long long>(j) * 3 * hidden + hidden, size);
        combine(kept, slopes, n, dqkv + start + static_cast<long long>(j) * 3 * hidden + 2 * hidden, size);
    }
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128, 4) attention_forward_##name(const T* qkv, const int* offsets, int longest, int size, Dropout mask, T* context, \
        float* log_sum_exp, int tokens) \
    { \
        forward<T>(qkv, offsets, longest, size, mask, context, log_sum_exp, tokens); \
    } \
    extern "C" __global__ void __launch_bounds__(128, 3) attention_backward_##name(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, \
        int size, Dropout mask, T* dqkv, int tokens) \
    { \
        backward_short<T>(dcontext, qkv, context, log_sum_exp, offsets, size, mask, dqkv, tokens); \
    } \
    extern "C" __global__ void __launch_bounds__(128, 4) attention_queries_##name(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, \
        int longest, int size, Dropout mask, T* dqkv, int tokens) \
    { \
        backward_queries<T>(dcontext, qkv, context, log_sum_exp, offsets, longest, size, mask, dqkv, tokens); \
    } \
    extern "C" __global__ void __launch_bounds__(128, 4) attention_keys_##name(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, \
        int longest, int size, Dropout mask, T* dqkv, int tokens) \
    { \
        backward_keys<T>(dcontext, qkv, context, log_sum_exp, offsets, longest, size, mask, dqkv, tokens); \
    }
FOR_EACH_TYPE(ENTRY)

// 64 queries, or 64 keys, a block; a whole sentence, 16 rows a warp, where it is short. Shared memory: the host's PerTile and PerShortTile.
#define TILES(name, T, D) \
    extern "C" __global__ void __launch_bounds__(128, 3) attention_forward_tiles##D##_##name(const T* qkv, const int* offsets, Dropout mask, T* context, float* log_sum_exp, int tokens) \
    { \
        forward_tiles<T, D>(qkv, offsets, mask, context, log_sum_exp, tokens); \
    } \
    extern "C" __global__ void __launch_bounds__(128, D == 32 ? 5 : 4) attention_backward_tiles##D##_##name(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, \
        Dropout mask, T* dqkv, int tokens) \
    { \
        short_tiles<T, D>(dcontext, qkv, context, log_sum_exp, offsets, mask, dqkv, tokens); \
    } \
    extern "C" __global__ void __launch_bounds__(128, 3) attention_queries_tiles##D##_##name(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, \
        Dropout mask, T* dqkv, int tokens) \
    { \
        queries_tiles<T, D>(dcontext, qkv, context, log_sum_exp, offsets, mask, dqkv, tokens); \
    } \
    extern "C" __global__ void __launch_bounds__(128, 2) attention_keys_tiles##D##_##name(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, \
        Dropout mask, T* dqkv, int tokens) \
    { \
        keys_tiles<T, D>(dcontext, qkv, context, log_sum_exp, offsets, mask, dqkv, tokens); \
    }
TILES(bf16, bf16, 32)
TILES(bf16, bf16, 64)
TILES(f16, f16, 32)
TILES(f16, f16, 64)

// For each sentence and head: P = softmax(Q Kᵀ / √D), context O = (P ∘ mask) V; backward, with P from the log-sum-exp:
//
//   dV = (P ∘ mask)ᵀ dO;  dP = (dO Vᵀ) ∘ mask;  delta = Σ dO ∘ O;  dS = P (dP - delta) / √D;  dQ = dS K;  dK = dSᵀ Q
//
// qkv, dqkv [T,3H]: Q, K, V in the columns 0 … H-1, H … 2H-1, 2H … 3H-1, head a in columns aD … aD+D-1 of each;
// context, dcontext [T,H]; logSumExp fp32 [A,T], may be null forward. dbias += Σ dqkv: the backward of short sentences
// may write the sums of each, partials [S,3H], for linear_reduce. The mask of a sentence of n tokens is [A,n,n].
//
// A block per sentence and head, a warp per query (forward, dQ) or key (dK, dV): no atomics, so the same bits always.
// Backward, one block has a short sentence and computes P ∘ mask and dS once (backward); of a longer one a kernel owns
// the queries (queries) and one the keys (keys), and both compute them. The block past the last sentence writes zeros
// to the rows that belong to no sentence. Entries with "tiles" and a head's size do the same on tensor cores: a block
// per 64 queries or keys, or per short sentence, a warp per 16 of its rows; of a short sentence they take delta from
// Σ P ∘ dP, which is the same, and do not read O.
#include "attention.cuh"
#include "attention_mma_forward.cuh"
#include "attention_mma_long_backward.cuh"
#include "attention_mma_short_backward.cuh"

// Warps of a multiprocessor that registers leave room for; backward, shared memory has room for few more.
constexpr int MinWarps = 16;
constexpr int MinForwardWarps = 20;

template <class T>
__device__ __forceinline__ void forward(const T* qkv, const int* offsets, int longest, int size, const Dropout& mask,
    T* context, float* log_sum_exp, int tokens)
{
    DYNAMIC_SHARED(float, shared);
    if (is_padding_block<1>(context, offsets, tokens, size)) return;
    ForwardRows<T> head(qkv, offsets, size, context);
    Draws draws = draws_of(mask, head.sentence);
    float* q = shared + threadIdx.x / WarpSize * (size + longest);
    float* p = q + size;
    for (int i = threadIdx.x / WarpSize; i < head.n; i += blockDim.x / WarpSize)
    {
        load_row(head.q[i], q, size);
        float lse = softmax_row(q, head.k, head, mask, draws, i, p);
        weighted_sum(p, head.v, head.n, head.o[i], size);
        if (log_sum_exp != nullptr && threadIdx.x % WarpSize == 0)
            log_sum_exp[static_cast<long long>(head.head) * tokens + head.first + i] = lse;
    }
}

// Computes the column sums of n rows, by a block.
template <class T> __device__ __forceinline__ void sum_columns(const Rows<T>& rows, int n, int size, float* sums)
{
    constexpr int N = Vector<T>::Length;
    for (int d = threadIdx.x * N; d < size; d += blockDim.x * N)
    {
        float sum[N] = {}, values[N];
        for (int i = 0; i < n; i++)
        {
            load(rows[i] + d, values);
#pragma unroll
            for (int k = 0; k < N; k++) sum[k] += values[k];
        }
        store_wide(sums + d, sum);
    }
}

template <class T>
__device__ __forceinline__ void backward_short(const T* dcontext, const T* qkv, const T* context,
    const float* log_sum_exp, const int* offsets, int size, const Dropout& mask, T* dqkv, float* partials, int tokens)
{
    DYNAMIC_SHARED(float, shared);
    if (is_padding_block<3>(dqkv, offsets, tokens, size)) return;
    BackwardRows<T> head(dcontext, qkv, context, log_sum_exp, offsets, size, dqkv, tokens);
    int n = head.n;
    if (n > ShortSentence) return;
    Draws draws = draws_of(mask, head.sentence);
    int warp = threadIdx.x / WarpSize;
    int warps = blockDim.x / WarpSize;
    float* q = shared + warp * 3 * size;
    float* dout = q + size;
    float* o = dout + size;
    float* ds = shared + warps * 3 * size;
    float* p_dropped = ds + n * n;

    // P ∘ mask, dS, dQ = dS K
    for (int i = warp; i < n; i += warps)
    {
        load_row(head.q[i], q, size);
        load_row(head.dout[i], dout, size);
        load_row(head.o[i], o, size);
        softmax_row_backward(q, dout, warp_dot(dout, o, size), head.lse[i], head.k, head.v, head, mask, draws, i,
            ds + i * n, p_dropped + i * n);
        weighted_sum(ds + i * n, head.k, n, head.dq[i], size);
    }
    __syncthreads();

    // dK = dSᵀ Q, dV = (P ∘ mask)ᵀ dO
    for (int j = warp; j < n; j += warps)
    {
        weighted_sum(ds + j, head.q, n, head.dk[j], size, n);
        weighted_sum(p_dropped + j, head.dout, n, head.dv[j], size, n);
    }
    if (partials == nullptr) return;
    __syncthreads();
    float* partial = partials + 3LL * head.sentence * head.hidden + head.head * size;
    sum_columns(head.dq, n, size, partial);
    sum_columns(head.dk, n, size, partial + head.hidden);
    sum_columns(head.dv, n, size, partial + 2 * head.hidden);
}

template <class T>
__device__ __forceinline__ void backward_queries(const T* dcontext, const T* qkv, const T* context,
    const float* log_sum_exp, const int* offsets, int longest, int size, const Dropout& mask, T* dqkv, int tokens)
{
    DYNAMIC_SHARED(float, shared);
    BackwardRows<T> head(dcontext, qkv, context, log_sum_exp, offsets, size, dqkv, tokens);
    if (head.n <= ShortSentence) return;
    Draws draws = draws_of(mask, head.sentence);
    float* q = shared + threadIdx.x / WarpSize * (3 * size + longest);
    float* dout = q + size;
    float* o = dout + size;
    float* ds = o + size;
    for (int i = threadIdx.x / WarpSize; i < head.n; i += blockDim.x / WarpSize)
    {
        load_row(head.q[i], q, size);
        load_row(head.dout[i], dout, size);
        load_row(head.o[i], o, size);
        softmax_row_backward(
            q, dout, warp_dot(dout, o, size), head.lse[i], head.k, head.v, head, mask, draws, i, ds, nullptr);
        weighted_sum(ds, head.k, head.n, head.dq[i], size);
    }
}

// Computes a key's columns of P ∘ mask and dS, by a warp; lanes take the queries.
template <class T>
__device__ __forceinline__ void softmax_column_backward(const float* k, const float* v, const BackwardRows<T>& head,
    const Dropout& mask, const Draws& draws, int j, float* ds, float* p_dropped)
{
    constexpr int N = Vector<T>::Length;
    int size = head.size;
    float scale = rsqrtf(static_cast<float>(size));
    for (int i = threadIdx.x % WarpSize; i < head.n; i += WarpSize)
    {
        float p = expf(dot(k, head.q[i], size) * scale - head.lse[i]);
        float delta = 0, dout[N], o[N];
        for (int d = 0; d < size; d += N)
        {
            load(head.dout[i] + d, dout);
            load(head.o[i] + d, o);
#pragma unroll
            for (int e = 0; e < N; e++) delta += dout[e] * o[e];
        }
        float factor = mask.drops() ? dropout_factor(mask, draws, head.mask_element(i, j)) : 1.0f;
        ds[i] = p * (dot(v, head.dout[i], size) * factor - delta) * scale;
        p_dropped[i] = p * factor;
    }
}

template <class T>
__device__ __forceinline__ void backward_keys(const T* dcontext, const T* qkv, const T* context,
    const float* log_sum_exp, const int* offsets, int longest, int size, const Dropout& mask, T* dqkv, int tokens)
{
    DYNAMIC_SHARED(float, shared);
    BackwardRows<T> head(dcontext, qkv, context, log_sum_exp, offsets, size, dqkv, tokens);
    if (head.n <= ShortSentence) return;
    Draws draws = draws_of(mask, head.sentence);
    float* k = shared + threadIdx.x / WarpSize * 2 * (size + longest);
    float* v = k + size;
    float* ds = v + size;
    float* p_dropped = ds + longest;
    for (int j = threadIdx.x / WarpSize; j < head.n; j += blockDim.x / WarpSize)
    {
        load_row(head.k[j], k, size);
        load_row(head.v[j], v, size);
        softmax_column_backward(k, v, head, mask, draws, j, ds, p_dropped);
        weighted_sum(ds, head.q, head.n, head.dk[j], size);
        weighted_sum(p_dropped, head.dout, head.n, head.dv[j], size);
    }
}

#define ENTRIES(name, T) \
    extern "C" __global__ void __launch_bounds__(128, 5) attention_forward_##name(const T* qkv, const int* offsets, \
        int longest, int size, Dropout mask, T* context, float* log_sum_exp, int tokens) \
    { \
        forward<T>(qkv, offsets, longest, size, mask, context, log_sum_exp, tokens); \
    } \
    extern "C" __global__ void __launch_bounds__(128, 3) attention_backward_##name(const T* dcontext, const T* qkv, \
        const T* context, const float* log_sum_exp, const int* offsets, int size, Dropout mask, T* dqkv, \
        float* partials, int tokens) \
    { \
        backward_short<T>(dcontext, qkv, context, log_sum_exp, offsets, size, mask, dqkv, partials, tokens); \
    } \
    extern "C" __global__ void __launch_bounds__(128, sizeof(T) == 2 ? 5 : 4) attention_queries_##name( \
        const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, int longest, \
        int size, Dropout mask, T* dqkv, int tokens) \
    { \
        backward_queries<T>(dcontext, qkv, context, log_sum_exp, offsets, longest, size, mask, dqkv, tokens); \
    } \
    extern "C" __global__ void __launch_bounds__(128, sizeof(T) == 2 ? 5 : 4) attention_keys_##name( \
        const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, int longest, \
        int size, Dropout mask, T* dqkv, int tokens) \
    { \
        backward_keys<T>(dcontext, qkv, context, log_sum_exp, offsets, longest, size, mask, dqkv, tokens); \
    }
#ifndef WITHOUT_TILES
FOR_EACH_TYPE(ENTRIES)
#endif

// Groups: of 16 rows in a tile.
#define SHORT_MMA_ENTRIES(name, T, D, Groups, rows) \
    extern "C" __global__ void __launch_bounds__( \
        Groups * WarpSize, (Groups < MaxGroups ? MinForwardWarps : MinWarps) / Groups) \
        attention_forward_tiles##D##x##rows##_##name(const T* qkv, const int* offsets, Dropout mask, T* context, \
            float* log_sum_exp, int tokens) \
    { \
        forward_mma<T, D, Groups>(qkv, offsets, mask, context, log_sum_exp, tokens); \
    } \
    extern "C" __global__ void __launch_bounds__(Groups * WarpSize, MinWarps / Groups) \
        attention_backward_tiles##D##x##rows##_##name(const T* dcontext, const T* qkv, const float* log_sum_exp, \
            const int* offsets, Dropout mask, T* dqkv, float* partials, int tokens) \
    { \
        short_backward_mma<T, D, Groups>(dcontext, qkv, log_sum_exp, offsets, mask, dqkv, partials, tokens); \
    }
#define MMA_ENTRIES(name, T, D) \
    SHORT_MMA_ENTRIES(name, T, D, 2, 32) \
    SHORT_MMA_ENTRIES(name, T, D, 3, 48) \
    SHORT_MMA_ENTRIES(name, T, D, 4, 64) \
    extern "C" __global__ void __launch_bounds__(128, D == 32 ? 5 : 4) attention_queries_tiles##D##_##name( \
        const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, \
        Dropout mask, T* dqkv, int tokens) \
    { \
        queries_mma<T, D>(dcontext, qkv, context, log_sum_exp, offsets, mask, dqkv, tokens); \
    } \
    extern "C" __global__ void __launch_bounds__(128, D == 32 ? 4 : 3) attention_keys_tiles##D##_##name( \
        const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, \
        Dropout mask, T* dqkv, int tokens) \
    { \
        keys_mma<T, D>(dcontext, qkv, context, log_sum_exp, offsets, mask, dqkv, tokens); \
    }
#ifndef WITHOUT_TILES32
IF_BF16(MMA_ENTRIES(bf16, bf16, 32))
IF_F16(MMA_ENTRIES(f16, f16, 32))
#endif
#ifndef WITHOUT_TILES64
IF_BF16(MMA_ENTRIES(bf16, bf16, 64))
IF_F16(MMA_ENTRIES(f16, f16, 64))
#endif

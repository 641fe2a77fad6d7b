// The forward of attention_mma.cuh, with the online softmax of FlashAttention: for each tile of keys, the sums so far
// are rescaled to the new maximum.
#pragma once
#include "attention_mma.cuh"

// The softmax of a warp's 16 queries over the keys so far: o = Σ exp(s - max) v over the kept keys, sum = Σ exp(s - max). A lane
// has two of the rows, and adds up in sum only the keys of its own columns.
template <int D> struct OnlineSoftmax
{
    float o[D / 8][4];
    float max[2];
    float sum[2];

    // Rescales o and sum from max to the new maximum; new_max: over the lane's own columns.
    __device__ __forceinline__ void rescale(const float (&new_max)[2])
    {
#pragma unroll
        for (int r = 0; r < 2; r++)
        {
            float of_row = row_max(new_max[r]);
            float factor = expf(max[r] - of_row);
            max[r] = of_row;
            sum[r] *= factor;
#pragma unroll
            for (int d = 0; d < D / 8; d++)
            {
                o[d][2 * r] *= factor;
                o[d][2 * r + 1] *= factor;
            }
        }
    }
};

// Computes s = Q Kᵀ / √D for a tile of keys, -∞ past the sentence's end, and raises max to the largest scores of the
// lane's columns.
template <class T, int D>
__device__ __forceinline__ void scores(const uint32_t (&q)[D / 16][4], const T* k_tile, int first_key, int n,
    Accumulator (&s)[KeyGroups], float (&max)[2])
{
    const float scale = rsqrtf(static_cast<float>(D));
#pragma unroll
    for (int group = 0; group < KeyGroups; group++)
    {
        int key = first_key + group * 16;
        if (key < n) multiply_transposed<T, D>(q, k_tile + group * 16 * TileStride<D>, s[group]);
#pragma unroll
        for (int i = 0; i < 8; i++)
        {
            int r = i / 2 % 2;
            s[group][i] = key + fragment_column(i) < n ? s[group][i] * scale : -infinity();
            max[r] = fmaxf(max[r], s[group][i]);
        }
    }
}

// Computes p = exp(s - max), and 0 where it is dropped, for 16 keys in place of s, and adds exp(s - max) to the
// softmax's sum.
template <int D>
__device__ __forceinline__ void exponentials(
    Accumulator& p, OnlineSoftmax<D>& softmax, const Dropout& mask, const KeptKeys<KeyGroups>& kept, int group)
{
#pragma unroll
    for (int i = 0; i < 8; i++)
    {
        int r = i / 2 % 2;
        p[i] = expf(p[i] - softmax.max[r]);
        softmax.sum[r] += p[i];
    }
    if (!mask.drops()) return;
#pragma unroll
    for (int i = 0; i < 8; i++) p[i] = kept(group, i) ? p[i] : 0.0f;
}

// Stores O = Σ (exp(s - max) ∘ mask) v / Σ exp(s - max) and the log-sum-exp of a warp's 16 queries. kept_scale: that
// of the mask. staging: see store_rows.
template <class T, int D>
__device__ __forceinline__ void normalize(const OnlineSoftmax<D>& softmax, const ForwardRows<T>& head, float kept_scale,
    T* staging, int first_query, float* log_sum_exp, int tokens)
{
    float sum[2] = {row_sum(softmax.sum[0]), row_sum(softmax.sum[1])};
    const float scale[2] = {kept_scale / sum[0], kept_scale / sum[1]};
    store_rows<T, D>(softmax.o, scale, staging, head.o, first_query, head.n);
    if (log_sum_exp == nullptr || fragment_column(0) != 0) return;
    float* lse = log_sum_exp + static_cast<long long>(head.head) * tokens + head.first;
#pragma unroll
    for (int r = 0; r < 2; r++)
    {
        int query = first_query + fragment_row(2 * r);
        if (query < head.n) lse[query] = softmax.max[r] + logf(sum[r]);
    }
}

template <class T, int D>
__device__ __forceinline__ void forward_mma(const T* qkv, const int* offsets, const Dropout& mask, T* context,
    float* log_sum_exp, int tokens)
{
    DYNAMIC_SHARED(T, shared);
    int start = blockIdx.z * TileRows;
    if (is_padding_block<1>(context, offsets, tokens, D, start == 0)) return;
    ForwardRows<T> head(qkv, offsets, D, context);
    Draws draws = draws_of(mask, head.sentence);
    int n = head.n;
    if (start >= n) return;
    int first_query = start + first_row_in_tile();
    T* q_rows = shared + first_row_in_tile() * TileStride<D>;
    T* k_tile = shared + TileSize<D>;
    T* v_tile = shared + 2 * TileSize<D>;

    // load Q
    load_tile<T, D>(head.q, start, n, shared);
    __syncthreads();
    uint32_t q[D / 16][4];
    load_a<T, D>(q_rows, q);
    OnlineSoftmax<D> softmax = {{}, {-infinity(), -infinity()}, {}};
    for (int first_key = 0; first_key < n; first_key += TileRows)
    {
        // load K and V
        __syncthreads();
        load_tile<T, D>(head.k, first_key, n, k_tile);
        load_tile<T, D>(head.v, first_key, n, v_tile);
        __syncthreads();
        if (first_query >= n) continue;

        // S = Q Kᵀ / √D
        Accumulator p[KeyGroups];
        float max[2] = {softmax.max[0], softmax.max[1]};
        scores<T, D>(q, k_tile, first_key, n, p, max);

        // online softmax, O += P V
        KeptKeys<KeyGroups> kept = {};
        if (mask.drops()) kept = draw_keys<KeyGroups>(mask, draws, head, first_query, first_key);
        softmax.rescale(max);
#pragma unroll
        for (int group = 0; group < KeyGroups; group++)
        {
            if (first_key + group * 16 >= n) continue;
            exponentials(p[group], softmax, mask, kept, group);
            multiply_rows<T, D>(p[group], v_tile + group * 16 * TileStride<D>, softmax.o);
        }
    }
    if (first_query >= n) return;
    float kept_scale = mask.drops() ? mask.scale : 1.0f;
    normalize<T, D>(softmax, head, kept_scale, q_rows, first_query, log_sum_exp, tokens);
}

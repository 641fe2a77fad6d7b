// The forward of attention_mma.cuh, with the online softmax of FlashAttention: for each tile of keys, the sums so far
// are rescaled to the new maximum.
#pragma once
#include "attention_mma.cuh"

// The softmax of a warp's 16 queries over the keys so far: o = Σ exp((s - max) / √D) v over the kept keys, sum = the
// same without v over all keys. s = Q Kᵀ. A lane has two of the rows, and adds up in sum only the keys of its own
// columns.
template <int D> struct OnlineSoftmax
{
    float o[D / 8][4];
    float max[2];
    float sum[2];

    // Rescales o and sum to a new maximum; new_max: over the lane's own columns.
    __device__ __forceinline__ void rescale(const float (&new_max)[2], bool is_first_tile)
    {
#pragma unroll
        for (int r = 0; r < 2; r++)
        {
            float old = max[r];
            max[r] = row_max(new_max[r]);
            if (is_first_tile) continue;
            float factor = exp2_approx((old - max[r]) * (HeadScale<D> * Log2E));
            sum[r] *= factor;
#pragma unroll
            for (int d = 0; d < D / 8; d++)
            {
                o[d][2 * r] *= factor;
                o[d][2 * r + 1] *= factor;
            }
        }
    }

    // Computes p = exp((s - max) / √D) in place of s for 16 keys, and adds it to the sum.
    __device__ __forceinline__ void exponentials(Accumulator& p)
    {
#pragma unroll
        for (int i = 0; i < 8; i++)
        {
            int r = i / 2 % 2;
            p[i] = exp2_approx(fmaf(p[i], HeadScale<D> * Log2E, -(max[r] * (HeadScale<D> * Log2E))));
            sum[r] += p[i];
        }
    }
};

// Computes s = Q Kᵀ for a tile of keys, -∞ past the sentence's end, and raises max to the largest scores of the lane's
// columns. q, k: the warp's queries and the keys, given by_columns and by_rows. keys: of the tile and those after it.
template <class T, int D, int Groups>
__device__ __forceinline__ void scores(
    SharedAddress q, SharedAddress k, int keys, Accumulator (&s)[Groups], float (&max)[2])
{
    uint32_t q_fragments[D / 16][4];
    load_a<D>(q, q_fragments);
#pragma unroll
    for (int group = 0; group < Groups; group++)
    {
        int key = group * 16;
        if (key < keys) multiply_transposed<T, D>(q_fragments, k + key * TileStride<D>, s[group]);
#pragma unroll
        for (int i = 0; i < 8; i++)
        {
            if (key + fragment_column(i) >= keys) s[group][i] = -infinity();
            max[i / 2 % 2] = fmaxf(max[i / 2 % 2], s[group][i]);
        }
    }
}

// Adds a tile of keys, `keys` of them in the sentence, to the softmax, O += P V. v: given by_columns.
template <class T, int D, int Groups>
__device__ __forceinline__ void add_tile(const Dropout& mask, const KeptKeys<Groups>& kept, SharedAddress v, int keys,
    Accumulator (&p)[Groups], OnlineSoftmax<D>& softmax)
{
#pragma unroll
    for (int group = 0; group < Groups; group++)
    {
        if (group * 16 >= keys) continue;
        softmax.exponentials(p[group]);
        if (mask.drops()) kept.select(group, p[group]);
        multiply_rows<T, D>(p[group], v + group * 16 * TileStride<D>, softmax.o);
    }
}

// Stores O = Σ (exp(s / √D - max) ∘ mask) v / Σ exp(s / √D - max) and the log-sum-exp of a warp's 16 queries.
// kept_scale: that of the mask. staging: see store_rows.
template <class T, int D>
__device__ __forceinline__ void normalize(const OnlineSoftmax<D>& softmax, const ForwardRows<T>& head, float kept_scale,
    T* staging, int first_query, float* log_sum_exp, int tokens)
{
    float sum[2] = {row_sum(softmax.sum[0]), row_sum(softmax.sum[1])};
    const float scale[2] = {kept_scale * reciprocal_approx(sum[0]), kept_scale * reciprocal_approx(sum[1])};
    store_rows<T, D>(softmax.o, scale, staging, head.o, first_query, head.n);
    if (log_sum_exp == nullptr || fragment_column(0) != 0) return;
    float* lse = log_sum_exp + static_cast<long long>(head.head) * tokens + head.first;
#pragma unroll
    for (int r = 0; r < 2; r++)
    {
        int query = first_query + fragment_row(2 * r);
        if (query < head.n) lse[query] = fmaf(softmax.max[r], HeadScale<D>, log2_approx(sum[r]) * Ln2);
    }
}

// Groups: of 16 rows in a tile. With less than MaxGroups, all sentences fit into one tile.
template <class T, int D, int Groups>
__device__ __forceinline__ void forward_mma(const T* qkv, const int* offsets, const Dropout& mask, T* context,
    float* log_sum_exp, int tokens)
{
    constexpr int Rows = Groups * WarpRows;
    DYNAMIC_SHARED(T, shared);
    int start = blockIdx.z * Rows;
    if (is_padding_block<1>(context, offsets, tokens, D, start == 0)) return;
    ForwardRows<T> head(qkv, offsets, D, context);
    int n = head.n;
    if (start >= n) return;
    Draws draws = draws_of(mask, head.sentence);
    int first_query = start + first_row_in_tile();
    T* q_rows = shared + first_row_in_tile() * TileStride<D>;
    SharedAddress k_tile = shared + TileSize<D, Groups>;
    SharedAddress v_tile = shared + 2 * TileSize<D, Groups>;
    OnlineSoftmax<D> softmax = {{}, {-infinity(), -infinity()}, {}};

    copy_tile<T, D>(head.q, start, n, shared);
    int end = Groups < MaxGroups ? 1 : n;
    for (int first_key = 0; first_key < end; first_key += Rows)
    {
        // load K and V, and draw the mask meanwhile
        if (first_key > 0) __syncthreads();
        copy_tile<T, D>(head.k, first_key, n, k_tile);
        copy_tile<T, D>(head.v, first_key, n, v_tile);
        KeptKeys<Groups> kept = {};
        if (mask.drops() && first_query < n)
            kept = draw_keys<Groups>(mask, draws, head, first_query, first_key);
        wait_for_copies();
        __syncthreads();
        if (first_query >= n) continue;

        // S = Q Kᵀ
        Accumulator p[Groups];
        float max[2] = {softmax.max[0], softmax.max[1]};
        scores<T, D>(by_columns<D>(q_rows), by_rows<D>(k_tile), n - first_key, p, max);

        softmax.rescale(max, first_key == 0);
        add_tile<T, D>(mask, kept, by_columns<D>(v_tile), n - first_key, p, softmax);
    }
    if (first_query >= n) return;
    float kept_scale = mask.drops() ? mask.scale : 1.0f;
    normalize<T, D>(softmax, head, kept_scale, q_rows, first_query, log_sum_exp, tokens);
}

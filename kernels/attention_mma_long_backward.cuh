// The backward of attention_mma.cuh for sentences of more than ShortSentence tokens: one kernel owns queries and sums
// dQ over the keys, one owns keys and sums dK and dV over the queries. Both compute P and dS.
#pragma once
#include "attention_mma.cuh"

// A block's shared memory: four tiles, and two numbers per query.
template <class T, int D> struct LongTiles
{
    T* q;
    T* dout;
    T* k;
    T* v;
    float* lse;
    float* delta;

    __device__ __forceinline__ explicit LongTiles(T* shared)
    {
        q = shared;
        dout = shared + TileSize<D>;
        k = shared + 2 * TileSize<D>;
        v = shared + 3 * TileSize<D>;
        lse = reinterpret_cast<float*>(shared + 4 * TileSize<D>);
        delta = lse + TileRows;
    }
};

// Loads the log-sum-exp and computes delta = Σ dO ∘ O for the 64 queries of a tile. Past the sentence's end lse is ∞,
// so that P is 0.
template <class T, int D>
__device__ __forceinline__ void load_lse_and_delta(const BackwardRows<T>& head, int first, const LongTiles<T, D>& tiles)
{
    int row = threadIdx.x / 2;
    int half = threadIdx.x % 2;
    float delta = 0, dout[8], o[8];
    if (first + row < head.n)
        for (int d = half * (D / 2); d < (half + 1) * (D / 2); d += 8)
        {
            load(tiles.dout + row * TileStride<D> + d, dout);
            load(head.o[first + row] + d, o);
#pragma unroll
            for (int i = 0; i < 8; i++) delta += dout[i] * o[i];
        }
    delta += __shfl_xor_sync(AllLanes, delta, 1);
    if (half != 0) return;
    tiles.delta[row] = delta;
    tiles.lse[row] = first + row < head.n ? head.lse[first + row] : infinity();
}

// dS = P ∘ (dP ∘ mask - delta) / √D in place of S = Q Kᵀ, for 16 queries and a group of 16 of a tile's keys,
// `keys` of which are in the sentence. dp = dO Vᵀ.
template <class T, int D>
__device__ __forceinline__ void scores_gradient(Accumulator& s, const Accumulator& dp, const LongTiles<T, D>& tiles,
    const Dropout& mask, const KeptKeys<KeyGroups>& kept, int group, int keys)
{
    const float scale = rsqrtf(static_cast<float>(D));
#pragma unroll
    for (int i = 0; i < 8; i++)
    {
        int row_in_tile = first_row_in_tile() + fragment_row(i);
        float p = group * 16 + fragment_column(i) < keys ? expf(s[i] * scale - tiles.lse[row_in_tile]) : 0.0f;
        float factor = 1;
        if (mask.drops()) factor = kept(group, i) ? mask.scale : 0.0f;
        s[i] = p * (dp[i] * factor - tiles.delta[row_in_tile]) * scale;
    }
}

template <class T, int D>
__device__ __forceinline__ void queries_mma(const T* dcontext, const T* qkv, const T* context,
    const float* log_sum_exp, const int* offsets, const Dropout& mask, T* dqkv, int tokens)
{
    DYNAMIC_SHARED(T, shared);
    BackwardRows<T> head(dcontext, qkv, context, log_sum_exp, offsets, D, dqkv, tokens);
    int n = head.n;
    int start = blockIdx.z * TileRows;
    if (n <= ShortSentence || start >= n) return;
    LongTiles<T, D> tiles(shared);
    Draws draws = draws_of(mask, head.sentence);
    int row_in_tile = first_row_in_tile();

    // load Q, dO, lse and delta
    load_tile<T, D>(head.q, start, n, tiles.q);
    load_tile<T, D>(head.dout, start, n, tiles.dout);
    __syncthreads();
    load_lse_and_delta(head, start, tiles);
    uint32_t q[D / 16][4], dout[D / 16][4];
    load_a<T, D>(tiles.q + row_in_tile * TileStride<D>, q);
    load_a<T, D>(tiles.dout + row_in_tile * TileStride<D>, dout);
    float dq[D / 8][4] = {};
    for (int first_key = 0; first_key < n; first_key += TileRows)
    {
        // load K and V
        __syncthreads();
        load_tile<T, D>(head.k, first_key, n, tiles.k);
        load_tile<T, D>(head.v, first_key, n, tiles.v);
        __syncthreads();
        if (start + row_in_tile >= n) continue;
        KeptKeys<KeyGroups> kept = {};
        if (mask.drops()) kept = draw_keys<KeyGroups>(mask, draws, head, start + row_in_tile, first_key);

        // dQ += dS K
        for (int group = 0; group < KeyGroups && first_key + group * 16 < n; group++)
        {
            Accumulator s, dp;
            int row = group * 16 * TileStride<D>;
            multiply_transposed<T, D>(q, tiles.k + row, s);
            multiply_transposed<T, D>(dout, tiles.v + row, dp);
            scores_gradient(s, dp, tiles, mask, kept, group, n - first_key);
            multiply_rows<T, D>(s, tiles.k + row, dq);
        }
    }
    if (start + row_in_tile >= n) return;
    store_rows<T, D>(dq, tiles.q + row_in_tile * TileStride<D>, head.dq, start + row_in_tile, n);
}

// P ∘ mask in place of Sᵀ = K Qᵀ, and dS in place of dPᵀ = V dOᵀ, for 16 keys and a group of 16 of a tile's queries.
template <class T, int D>
__device__ __forceinline__ void scores_gradient_transposed(Accumulator& s, Accumulator& dp,
    const LongTiles<T, D>& tiles, const Dropout& mask, const KeptQueries& kept, int group)
{
    const float scale = rsqrtf(static_cast<float>(D));
    uint32_t kept_keys[8] = {};
    if (mask.drops()) kept.of_group(group, kept_keys);
#pragma unroll
    for (int i = 0; i < 8; i++)
    {
        int row_in_tile = group * 16 + fragment_column(i);
        float p = expf(s[i] * scale - tiles.lse[row_in_tile]);
        float factor = 1;
        if (mask.drops()) factor = kept_keys[i] >> fragment_row(i) & 1 ? mask.scale : 0.0f;
        s[i] = p * factor;
        dp[i] = p * (dp[i] * factor - tiles.delta[row_in_tile]) * scale;
    }
}

template <class T, int D>
__device__ __forceinline__ void keys_mma(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp,
    const int* offsets, const Dropout& mask, T* dqkv, int tokens)
{
    DYNAMIC_SHARED(T, shared);
    BackwardRows<T> head(dcontext, qkv, context, log_sum_exp, offsets, D, dqkv, tokens);
    int n = head.n;
    int start = blockIdx.z * TileRows;
    if (n <= ShortSentence || start >= n) return;
    LongTiles<T, D> tiles(shared);
    Draws draws = draws_of(mask, head.sentence);
    int first_key = start + first_row_in_tile();
    T* k_rows = tiles.k + first_row_in_tile() * TileStride<D>;
    T* v_rows = tiles.v + first_row_in_tile() * TileStride<D>;

    // load K and V
    load_tile<T, D>(head.k, start, n, tiles.k);
    load_tile<T, D>(head.v, start, n, tiles.v);
    __syncthreads();
    uint32_t k[D / 16][4], v[D / 16][4];
    load_a<T, D>(k_rows, k);
    load_a<T, D>(v_rows, v);
    float dk[D / 8][4] = {}, dv[D / 8][4] = {};
    for (int first_query = 0; first_query < n; first_query += TileRows)
    {
        // load Q, dO, lse and delta
        __syncthreads();
        load_tile<T, D>(head.q, first_query, n, tiles.q);
        load_tile<T, D>(head.dout, first_query, n, tiles.dout);
        __syncthreads();
        load_lse_and_delta(head, first_query, tiles);
        __syncthreads();
        if (first_key >= n) continue;
        KeptQueries kept = {};
        if (mask.drops()) kept = draw_queries(mask, draws, head, first_query, first_key);

        // dV += (P ∘ mask)ᵀ dO, dK += dSᵀ Q
        for (int group = 0; group < TileRows / 16 && first_query + group * 16 < n; group++)
        {
            Accumulator s, dp;
            int row = group * 16 * TileStride<D>;
            multiply_transposed<T, D>(k, tiles.q + row, s);
            multiply_transposed<T, D>(v, tiles.dout + row, dp);
            scores_gradient_transposed(s, dp, tiles, mask, kept, group);
            multiply_rows<T, D>(s, tiles.dout + row, dv);
            multiply_rows<T, D>(dp, tiles.q + row, dk);
        }
    }
    if (first_key >= n) return;
    store_rows<T, D>(dk, k_rows, head.dk, first_key, n);
    store_rows<T, D>(dv, v_rows, head.dv, first_key, n);
}

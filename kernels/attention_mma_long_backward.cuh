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
// so that P is 0. lse is kept as a power of 2.
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
            for (int i = 0; i < 8; i++) delta = fmaf(dout[i], o[i], delta);
        }
    delta += __shfl_xor_sync(AllLanes, delta, 1);
    if (half != 0) return;
    tiles.delta[row] = delta;
    tiles.lse[row] = first + row < head.n ? head.lse[first + row] * Log2E : infinity();
}

// dS = P ∘ (dP ∘ mask - delta) / √D in place of S = Q Kᵀ, for 16 queries and 16 keys, `keys` of them in the
// sentence. dp = dO Vᵀ.
template <class T, int D>
__device__ __forceinline__ void scores_gradient(Accumulator& s, const Accumulator& dp, const LongTiles<T, D>& tiles,
    const Accumulator& factors, int keys)
{
    constexpr float scale = HeadScale<D>;
#pragma unroll
    for (int i = 0; i < 8; i++)
    {
        int row_in_tile = first_row_in_tile() + fragment_row(i);
        bool is_key = fragment_column(i) < keys;
        float p = is_key ? exp2_approx(fmaf(s[i], scale * Log2E, -tiles.lse[row_in_tile])) : 0.0f;
        s[i] = p * fmaf(dp[i], factors[i], -tiles.delta[row_in_tile]) * scale;
    }
}

// dQ += dS K for the warp's queries and a tile of keys, `keys` of them in the sentence. q, dout: the queries' rows.
template <class T, int D>
__device__ __forceinline__ void add_dq(const uint32_t (&q)[D / 16][4], const uint32_t (&dout)[D / 16][4],
    const LongTiles<T, D>& tiles, const Dropout& mask, const KeptKeys<MaxGroups>& kept, int keys, float (&dq)[D / 8][4])
{
    for (int group = 0; group < MaxGroups && group * 16 < keys; group++)
    {
        Accumulator s, dp, factors = all_ones();
        int row = group * 16 * TileStride<D>;
        multiply_transposed<T, D>(q, by_rows<D>(tiles.k) + row, s);
        multiply_transposed<T, D>(dout, by_rows<D>(tiles.v) + row, dp);
        if (mask.drops()) factors = kept.factors(group, mask.scale);
        scores_gradient(s, dp, tiles, factors, keys - group * 16);
        multiply_rows<T, D>(s, by_columns<D>(tiles.k) + row, dq);
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
    copy_tile<T, D>(head.q, start, n, tiles.q);
    copy_tile<T, D>(head.dout, start, n, tiles.dout);
    wait_for_copies();
    __syncthreads();
    load_lse_and_delta(head, start, tiles);
    uint32_t q[D / 16][4], dout[D / 16][4];
    load_a<D>(by_columns<D>(tiles.q + row_in_tile * TileStride<D>), q);
    load_a<D>(by_columns<D>(tiles.dout + row_in_tile * TileStride<D>), dout);
    float dq[D / 8][4] = {};
    for (int first_key = 0; first_key < n; first_key += TileRows)
    {
        // load K and V, and draw the mask meanwhile
        __syncthreads();
        copy_tile<T, D>(head.k, first_key, n, tiles.k);
        copy_tile<T, D>(head.v, first_key, n, tiles.v);
        KeptKeys<MaxGroups> kept = {};
        if (mask.drops() && start + row_in_tile < n)
            kept = draw_keys<MaxGroups>(mask, draws, head, start + row_in_tile, first_key);
        wait_for_copies();
        __syncthreads();
        if (start + row_in_tile < n) add_dq(q, dout, tiles, mask, kept, n - first_key, dq);
    }
    if (start + row_in_tile >= n) return;
    store_rows<T, D>(dq, tiles.q + row_in_tile * TileStride<D>, head.dq, start + row_in_tile, n);
}

// P ∘ mask in place of Sᵀ = K Qᵀ, and dS in place of dPᵀ = V dOᵀ, for 16 keys and a group of 16 of a tile's queries.
template <class T, int D>
__device__ __forceinline__ void scores_gradient_transposed(Accumulator& s, Accumulator& dp,
    const LongTiles<T, D>& tiles, const Accumulator& factors, int group)
{
    constexpr float scale = HeadScale<D>;
#pragma unroll
    for (int i = 0; i < 8; i++)
    {
        int row_in_tile = group * 16 + fragment_column(i);
        float p = exp2_approx(fmaf(s[i], scale * Log2E, -tiles.lse[row_in_tile]));
        s[i] = p * factors[i];
        dp[i] = p * fmaf(dp[i], factors[i], -tiles.delta[row_in_tile]) * scale;
    }
}

// dV += (P ∘ mask)ᵀ dO and dK += dSᵀ Q for the warp's keys and a tile of queries, `queries` of them in the sentence.
// k, v: the keys' rows.
template <class T, int D>
__device__ __forceinline__ void add_dk_and_dv(const uint32_t (&k)[D / 16][4], const uint32_t (&v)[D / 16][4],
    const LongTiles<T, D>& tiles, const Dropout& mask, const KeptQueries& kept, int queries, float (&dk)[D / 8][4],
    float (&dv)[D / 8][4])
{
    for (int group = 0; group < MaxGroups && group * 16 < queries; group++)
    {
        Accumulator s, dp, factors = all_ones();
        int row = group * 16 * TileStride<D>;
        multiply_transposed<T, D>(k, by_rows<D>(tiles.q) + row, s);
        multiply_transposed<T, D>(v, by_rows<D>(tiles.dout) + row, dp);
        if (mask.drops()) factors = kept.factors(group, mask.scale);
        scores_gradient_transposed(s, dp, tiles, factors, group);
        multiply_rows<T, D>(s, by_columns<D>(tiles.dout) + row, dv);
        multiply_rows<T, D>(dp, by_columns<D>(tiles.q) + row, dk);
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
    copy_tile<T, D>(head.k, start, n, tiles.k);
    copy_tile<T, D>(head.v, start, n, tiles.v);
    wait_for_copies();
    __syncthreads();
    uint32_t k[D / 16][4], v[D / 16][4];
    load_a<D>(by_columns<D>(k_rows), k);
    load_a<D>(by_columns<D>(v_rows), v);
    float dk[D / 8][4] = {}, dv[D / 8][4] = {};
    for (int first_query = 0; first_query < n; first_query += TileRows)
    {
        // load Q, dO, lse and delta, and draw the mask meanwhile
        __syncthreads();
        copy_tile<T, D>(head.q, first_query, n, tiles.q);
        copy_tile<T, D>(head.dout, first_query, n, tiles.dout);
        KeptQueries kept = {};
        if (mask.drops() && first_key < n) kept = draw_queries(mask, draws, head, first_query, first_key);
        wait_for_copies();
        __syncthreads();
        load_lse_and_delta(head, first_query, tiles);
        __syncthreads();
        if (first_key < n) add_dk_and_dv(k, v, tiles, mask, kept, n - first_query, dk, dv);
    }
    if (first_key >= n) return;
    store_rows<T, D>(dk, k_rows, head.dk, first_key, n);
    store_rows<T, D>(dv, v_rows, head.dv, first_key, n);
}

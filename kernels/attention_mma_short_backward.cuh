// The backward of attention_mma.cuh for sentences of at most ShortSentence tokens, a block each: P ∘ mask and dS are
// computed once, by the warps that own the queries, which sum dQ. Rounded, in shared memory, they are the A operands of
// the warps that own the keys, which sum dK and dV.
#pragma once
#include "attention_mma.cuh"

constexpr int SquareStride = TileStride<ShortSentence>;

// A block's shared memory. rows: of the longest short sentence, rounded up to whole warps; the host computes it.
template <class T, int D> struct ShortTiles
{
    T* q;
    T* dout;
    T* k;
    T* v;
    T* p_dropped;
    T* ds;
    float* lse;
    float* delta;

    __device__ __forceinline__ ShortTiles(T* shared, int rows)
    {
        int tile = rows * TileStride<D>;
        int square = rows * SquareStride;
        q = shared;
        dout = q + tile;
        k = dout + tile;
        v = k + tile;
        p_dropped = v + tile;
        ds = p_dropped + square;
        lse = reinterpret_cast<float*>(ds + square);
        delta = lse + rows;
    }
};

// delta = Σ dO ∘ O of 16 rows, as load_rows loaded them.
template <class T, int D>
__device__ __forceinline__ void compute_delta(const uint4 (&dout)[D / 16], const uint4 (&o)[D / 16], float* delta)
{
    constexpr int LanesPerRow = D / 8;
    int lane = threadIdx.x % WarpSize;
#pragma unroll
    for (int k = 0; k < D / 16; k++)
    {
        float dout_values[8], o_values[8], sum = 0;
        widen<T>(dout[k], dout_values);
        widen<T>(o[k], o_values);
#pragma unroll
        for (int i = 0; i < 8; i++) sum += dout_values[i] * o_values[i];
#pragma unroll
        for (int distance = LanesPerRow / 2; distance > 0; distance /= 2)
            sum += __shfl_xor_sync(AllLanes, sum, distance);
        if (lane % LanesPerRow == 0) delta[(lane + k * WarpSize) / LanesPerRow] = sum;
    }
}

// Loads a warp's 16 rows, from row `first` on, of every matrix; all reads come before the first write. Past the
// sentence's end lse is ∞, so that P is 0.
template <class T, int D>
__device__ __forceinline__ void load_sentence(const BackwardRows<T>& head, int first, const ShortTiles<T, D>& tiles)
{
    int lane = threadIdx.x % WarpSize;
    int n = head.n;
    uint4 q[D / 16], k[D / 16], v[D / 16], dout[D / 16], o[D / 16];
    load_rows<T, D>(head.q, first, n, q);
    load_rows<T, D>(head.k, first, n, k);
    load_rows<T, D>(head.v, first, n, v);
    load_rows<T, D>(head.dout, first, n, dout);
    load_rows<T, D>(head.o, first, n, o);
    float lse = lane < WarpRows && first + lane < n ? head.lse[first + lane] : infinity();
    store_to_tile<T, D>(q, tiles.q + first * TileStride<D>);
    store_to_tile<T, D>(k, tiles.k + first * TileStride<D>);
    store_to_tile<T, D>(v, tiles.v + first * TileStride<D>);
    store_to_tile<T, D>(dout, tiles.dout + first * TileStride<D>);
    compute_delta<T, D>(dout, o, tiles.delta + first);
    if (lane < WarpRows) tiles.lse[first + lane] = lse;
}

// Stores an A operand [16,16] to shared memory, for load_transposed.
template <class T> __device__ __forceinline__ void store_a(const uint32_t (&a)[4], T* block)
{
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        T* element = block + fragment_row(2 * i) * SquareStride + fragment_column(2 * i);
        *reinterpret_cast<uint32_t*>(element) = a[i];
    }
}

// P ∘ mask in place of S = Q Kᵀ, and dS in place of dP = dO Vᵀ, for 16 queries and 16 keys.
template <int D>
__device__ __forceinline__ void scores_gradient(Accumulator& s, Accumulator& dp, const float (&lse)[2],
    const float (&delta)[2], const Dropout& mask, const KeptKeys<KeyGroups>& kept, int first_key, int n)
{
    const float scale = rsqrtf(static_cast<float>(D));
#pragma unroll
    for (int i = 0; i < 8; i++)
    {
        int r = i / 2 % 2;
        float p = first_key + fragment_column(i) < n ? expf(s[i] * scale - lse[r]) : 0.0f;
        float factor = 1;
        if (mask.drops()) factor = kept(first_key / 16, i) ? mask.scale : 0.0f;
        s[i] = p * factor;
        dp[i] = p * (dp[i] * factor - delta[r]) * scale;
    }
}

// Stores P ∘ mask and dS of a warp's 16 queries to shared memory, and adds dS K to dq.
template <class T, int D>
__device__ __forceinline__ void sum_dq(const ShortTiles<T, D>& tiles, const HeadRows& head, const Dropout& mask,
    int first_query, float (&dq)[D / 8][4])
{
    int row = first_query + fragment_row(0);
    float lse[2] = {tiles.lse[row], tiles.lse[row + 8]};
    float delta[2] = {tiles.delta[row], tiles.delta[row + 8]};
    KeptKeys<KeyGroups> kept = {};
    if (mask.drops()) kept = draw_keys<KeyGroups>(mask, draws_of(mask, head.sentence), head, first_query, 0);
    for (int first_key = 0; first_key < head.n; first_key += 16)
    {
        // The fragments of Q and dO are loaded again for each group of keys: in registers, they would cost one block
        // per multiprocessor.
        uint32_t a[D / 16][4], rounded[4];
        Accumulator s, dp;
        load_a<T, D>(tiles.q + first_query * TileStride<D>, a);
        multiply_transposed<T, D>(a, tiles.k + first_key * TileStride<D>, s);
        load_a<T, D>(tiles.dout + first_query * TileStride<D>, a);
        multiply_transposed<T, D>(a, tiles.v + first_key * TileStride<D>, dp);
        scores_gradient<D>(s, dp, lse, delta, mask, kept, first_key, head.n);
        round_to_a<T>(s, rounded);
        store_a(rounded, tiles.p_dropped + first_query * SquareStride + first_key);
        round_to_a<T>(dp, rounded);
        store_a(rounded, tiles.ds + first_query * SquareStride + first_key);
        multiply_rows<T, D>(rounded, tiles.k + first_key * TileStride<D>, dq);
    }
}

// Adds dSᵀ Q to dk and (P ∘ mask)ᵀ dO to dv for a warp's 16 keys, with P ∘ mask and dS as sum_dq stored them.
template <class T, int D>
__device__ __forceinline__ void sum_dk_and_dv(const ShortTiles<T, D>& tiles, int first_key, int n,
    float (&dk)[D / 8][4], float (&dv)[D / 8][4])
{
    for (int first_query = 0; first_query < n; first_query += 16)
    {
        uint32_t a[4];
        int block = first_query * SquareStride + first_key;
        load_transposed(a, matrices_by_rows(tiles.ds + block, SquareStride));
        multiply_rows<T, D>(a, tiles.q + first_query * TileStride<D>, dk);
        load_transposed(a, matrices_by_rows(tiles.p_dropped + block, SquareStride));
        multiply_rows<T, D>(a, tiles.dout + first_query * TileStride<D>, dv);
    }
}

template <class T, int D>
__device__ __forceinline__ void short_backward_mma(const T* dcontext, const T* qkv, const T* context,
    const float* log_sum_exp, const int* offsets, const Dropout& mask, T* dqkv, int tokens)
{
    DYNAMIC_SHARED(T, shared);
    if (is_padding_block<3>(dqkv, offsets, tokens, D)) return;
    BackwardRows<T> head(dcontext, qkv, context, log_sum_exp, offsets, D, dqkv, tokens);
    int n = head.n;
    int first = first_row_in_tile();
    if (n > ShortSentence) return;
    ShortTiles<T, D> tiles(shared, blockDim.x / WarpSize * WarpRows);
    if (first < n) load_sentence(head, first, tiles);
    __syncthreads();

    // P ∘ mask, dS, dQ = dS K
    float dq[D / 8][4] = {};
    if (first < n) sum_dq(tiles, head, mask, first, dq);
    __syncthreads();
    if (first >= n) return;

    // dK = dSᵀ Q, dV = (P ∘ mask)ᵀ dO; K is no longer needed: its tile is the staging memory
    T* staging = tiles.k + first * TileStride<D>;
    store_rows<T, D>(dq, staging, head.dq, first, n);
    float dk[D / 8][4] = {}, dv[D / 8][4] = {};
    sum_dk_and_dv(tiles, first, n, dk, dv);
    store_rows<T, D>(dk, staging, head.dk, first, n);
    store_rows<T, D>(dv, staging, head.dv, first, n);
}

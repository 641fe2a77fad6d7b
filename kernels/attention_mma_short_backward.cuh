// The backward of attention_mma.cuh for sentences of at most ShortSentence tokens, a block each: P ∘ mask and dS are
// computed once, by the warps that own the queries, which sum dQ. Rounded, in shared memory, they are the A operands of
// the warps that own the keys, which sum dK and dV. A warp has whole rows of P and dP in registers, so that it computes
// delta as Σ P ∘ dP over the keys, which equals Σ dO ∘ O, without reading O.
#pragma once
#include "attention_mma.cuh"

// A block's shared memory: of Groups times 16 rows, a warp each.
template <class T, int D, int Groups> struct ShortTiles
{
    static constexpr int Rows = Groups * WarpRows;
    static constexpr int SquareStride = TileStride<Rows>;

    T* q;
    T* dout;
    T* k;
    T* v;
    T* p_dropped;
    T* ds;
    float* lse;

    __device__ __forceinline__ explicit ShortTiles(T* shared)
    {
        constexpr int tile = Rows * TileStride<D>;
        constexpr int square = Rows * SquareStride;
        q = shared;
        dout = q + tile;
        k = dout + tile;
        v = k + tile;
        p_dropped = v + tile;
        ds = p_dropped + square;
        lse = reinterpret_cast<float*>(ds + square);
    }
};

// Begins to copy a warp's 16 rows, from row `first` on, of every matrix, until wait_for_copies. Past the sentence's end
// lse is ∞, so that P is 0. lse is kept as a power of 2.
template <class T, int D, int Groups>
__device__ __forceinline__ void load_sentence(
    const BackwardRows<T>& head, int first, const ShortTiles<T, D, Groups>& tiles)
{
    int lane = threadIdx.x % WarpSize;
    int n = head.n;
    int rows = first * TileStride<D>;
    copy_rows<T, D>(head.q, first, n, tiles.q + rows);
    copy_rows<T, D>(head.dout, first, n, tiles.dout + rows);
    copy_rows<T, D>(head.k, first, n, tiles.k + rows);
    copy_rows<T, D>(head.v, first, n, tiles.v + rows);
    float lse = lane < WarpRows && first + lane < n ? head.lse[first + lane] : infinity();
    if (lane < WarpRows) tiles.lse[first + lane] = lse * Log2E;
}

// Stores an A operand [16,16] to shared memory, for load_transposed.
template <class T> __device__ __forceinline__ void store_a(const uint32_t (&a)[4], T* block, int stride)
{
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        T* element = block + fragment_row(2 * i) * stride + fragment_column(2 * i);
        *reinterpret_cast<uint32_t*>(element) = a[i];
    }
}

// P in place of S = Q Kᵀ, P ∘ mask, and dP = (dO Vᵀ) ∘ mask in place of dO Vᵀ, for 16 queries and 16 keys, `keys` of
// them in the sentence; adds Σ P ∘ dP of the lane's keys to delta.
template <int D>
__device__ __forceinline__ void probabilities(Accumulator& s, Accumulator& p_dropped, Accumulator& dp,
    const float (&lse)[2], const Accumulator& factors, int keys, float (&delta)[2])
{
    constexpr float scale = HeadScale<D>;
#pragma unroll
    for (int i = 0; i < 8; i++)
    {
        int r = i / 2 % 2;
        s[i] = fragment_column(i) < keys ? exp2_approx(fmaf(s[i], scale * Log2E, -lse[r])) : 0.0f;
        p_dropped[i] = s[i] * factors[i];
        dp[i] *= factors[i];
        delta[r] = fmaf(s[i], dp[i], delta[r]);
    }
}

// dS = P ∘ (dP - delta) / √D in place of dP; not a difference of dP, whose product the compiler could fuse with it.
template <int D>
__device__ __forceinline__ void scores_gradient(const Accumulator& p, const float (&delta)[2], Accumulator& dp)
{
    constexpr float scale = HeadScale<D>;
#pragma unroll
    for (int i = 0; i < 8; i++) dp[i] = fmaf(p[i], dp[i], -(p[i] * delta[i / 2 % 2])) * scale;
}

// Stores P ∘ mask and dS of a warp's 16 queries to shared memory, and adds dS K to dq.
template <class T, int D, int Groups>
__device__ __forceinline__ void sum_dq(const ShortTiles<T, D, Groups>& tiles, const Dropout& mask,
    const KeptKeys<Groups>& kept, int first_query, int n, float (&dq)[D / 8][4])
{
    constexpr int SquareStride = ShortTiles<T, D, Groups>::SquareStride;
    int row = first_query + fragment_row(0);
    float lse[2] = {tiles.lse[row], tiles.lse[row + 8]};
    float delta[2] = {};
    SharedAddress q = by_columns<D>(tiles.q + first_query * TileStride<D>);
    SharedAddress dout = by_columns<D>(tiles.dout + first_query * TileStride<D>);
    Accumulator p[Groups], dp[Groups];
    uint32_t rounded[4];

    // P, P ∘ mask, dP and delta
#pragma unroll
    for (int group = 0; group < Groups; group++)
    {
        if (group * 16 >= n) continue;
        // The fragments of Q and dO are loaded again for each group of keys: in registers, they would cost one block
        // per multiprocessor.
        int keys = group * 16 * TileStride<D>;
        uint32_t a[D / 16][4];
        Accumulator p_dropped, factors = all_ones();
        load_a<D>(q, a);
        multiply_transposed<T, D>(a, by_rows<D>(tiles.k) + keys, p[group]);
        load_a<D>(dout, a);
        multiply_transposed<T, D>(a, by_rows<D>(tiles.v) + keys, dp[group]);
        if (mask.drops()) factors = kept.factors(group, mask.scale);
        probabilities<D>(p[group], p_dropped, dp[group], lse, factors, n - group * 16, delta);
        round_to_a<T>(p_dropped, rounded);
        store_a(rounded, tiles.p_dropped + first_query * SquareStride + group * 16, SquareStride);
    }
    delta[0] = row_sum(delta[0]);
    delta[1] = row_sum(delta[1]);

    // dS, dQ = dS K
#pragma unroll
    for (int group = 0; group < Groups; group++)
    {
        if (group * 16 >= n) continue;
        scores_gradient<D>(p[group], delta, dp[group]);
        round_to_a<T>(dp[group], rounded);
        store_a(rounded, tiles.ds + first_query * SquareStride + group * 16, SquareStride);
        multiply_rows<T, D>(rounded, by_columns<D>(tiles.k) + group * 16 * TileStride<D>, dq);
    }
}

// Adds dSᵀ Q to dk and (P ∘ mask)ᵀ dO to dv for a warp's 16 keys, with P ∘ mask and dS as sum_dq stored them.
template <class T, int D, int Groups>
__device__ __forceinline__ void sum_dk_and_dv(const ShortTiles<T, D, Groups>& tiles, int first_key, int n,
    float (&dk)[D / 8][4], float (&dv)[D / 8][4])
{
    constexpr int SquareStride = ShortTiles<T, D, Groups>::SquareStride;
    int column = matrices_by_rows(SquareStride) + first_key;
    SharedAddress ds = tiles.ds + column;
    SharedAddress p_dropped = tiles.p_dropped + column;
#pragma unroll 1
    for (int first_query = 0; first_query < n; first_query += 16)
    {
        uint32_t a[4];
        int queries = first_query * TileStride<D>;
        load_transposed(a, ds + first_query * SquareStride);
        multiply_rows<T, D>(a, by_columns<D>(tiles.q) + queries, dk);
        load_transposed(a, p_dropped + first_query * SquareStride);
        multiply_rows<T, D>(a, by_columns<D>(tiles.dout) + queries, dv);
    }
}

// Computes the column sums of 16 rows of a tile, on tensor cores.
template <class T, int D> __device__ __forceinline__ void sum_columns(SharedAddress rows, float* sums)
{
    const uint32_t one = to_pair<T>(1, 1);
    const uint32_t ones[4] = {one, one, one, one};
#pragma unroll 1
    for (int d = 0; d < D; d += 16)
    {
        uint32_t b[4];
        Accumulator c = {};
        load_transposed(b, by_columns<D>(rows) + d);
        multiply_add<T>(c.c[0], ones, b[0], b[1]);
        multiply_add<T>(c.c[1], ones, b[2], b[3]);
        if (fragment_row(0) != 0) continue;
        float* target = sums + d + fragment_column(0);
        *reinterpret_cast<float2*>(target) = make_float2(c[0], c[1]);
        *reinterpret_cast<float2*>(target + 8) = make_float2(c[4], c[5]);
    }
}

// Computes dQ, dK or dV's column sums in `partial`, the head's columns of a part, from those of the warps.
template <int D>
__device__ __forceinline__ void add_warps(
    const float* sums, int stride, int warps, const HeadRows& head, float* partial)
{
#pragma unroll 1
    for (int i = threadIdx.x; i < 3 * D; i += blockDim.x)
    {
        float sum = 0;
#pragma unroll 1
        for (int warp = 0; warp < warps; warp++) sum += sums[warp * stride + i];
        partial[i / D * head.hidden + head.head * D + i % D] = sum;
    }
}

template <class T, int D, int Groups>
__device__ __forceinline__ void short_backward_mma(const T* dcontext, const T* qkv,
    const float* log_sum_exp, const int* offsets, const Dropout& mask, T* dqkv, float* partials, int tokens)
{
    DYNAMIC_SHARED(T, shared);
    if (is_padding_block<3>(dqkv, offsets, tokens, D)) return;
    BackwardRows<T> head(dcontext, qkv, log_sum_exp, offsets, D, dqkv, tokens);
    int n = head.n;
    int first = first_row_in_tile();
    if (n > ShortSentence) return;
    ShortTiles<T, D, Groups> tiles(shared);
    KeptKeys<Groups> kept = {};
    if (first < n)
    {
        load_sentence(head, first, tiles);
        if (mask.drops()) kept = draw_keys<Groups>(mask, draws_of(mask, head.sentence), head, first, 0);
        wait_for_copies();
    }
    __syncthreads();

    // P ∘ mask, dS, dQ = dS K
    float dq[D / 8][4] = {};
    if (first < n) sum_dq(tiles, mask, kept, first, n, dq);
    __syncthreads();

    // dK = dSᵀ Q, dV = (P ∘ mask)ᵀ dO; K and V are no longer needed: their tiles are for staging and for sums
    constexpr int SumStride = WarpRows * TileStride<D> * sizeof(T) / sizeof(float);
    float* sums = reinterpret_cast<float*>(tiles.v);
    if (first < n)
    {
        T* staging = tiles.k + first * TileStride<D>;
        float* warp_sums = sums + first / WarpRows * SumStride;
        store_rows<T, D>(dq, staging, head.dq, first, n);
        if (partials != nullptr) sum_columns<T, D>(staging, warp_sums);
        float dk[D / 8][4] = {}, dv[D / 8][4] = {};
        sum_dk_and_dv(tiles, first, n, dk, dv);
        store_rows<T, D>(dk, staging, head.dk, first, n);
        if (partials != nullptr) sum_columns<T, D>(staging, warp_sums + D);
        store_rows<T, D>(dv, staging, head.dv, first, n);
        if (partials != nullptr) sum_columns<T, D>(staging, warp_sums + 2 * D);
    }
    if (partials == nullptr) return;
    __syncthreads();
    float* partial = partials + 3LL * head.sentence * head.hidden;
    add_warps<D>(sums, SumStride, (n + WarpRows - 1) / WarpRows, head, partial);
}

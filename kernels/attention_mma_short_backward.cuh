// The backward of attention_mma.cuh for sentences of at most ShortSentence tokens, a block each: P ∘ mask and dS are
// computed once, by the warps that own the queries, which sum dQ. Rounded, in shared memory, they are the A operands of
// the warps that own the keys, which sum dK and dV.
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
    float* delta;

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
        delta = lse + Rows;
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
        for (int i = 0; i < 8; i++) sum = fmaf(dout_values[i], o_values[i], sum);
#pragma unroll
        for (int distance = LanesPerRow / 2; distance > 0; distance /= 2)
            sum += __shfl_xor_sync(AllLanes, sum, distance);
        if (lane % LanesPerRow == 0) delta[(lane + k * WarpSize) / LanesPerRow] = sum;
    }
}

// Loads a warp's 16 rows, from row `first` on, of every matrix, of Q, K and V until wait_for_copies; all reads come
// before the first write. Past the sentence's end lse is ∞, so that P is 0. lse is kept as a power of 2.
template <class T, int D, int Groups>
__device__ __forceinline__ void load_sentence(
    const BackwardRows<T>& head, int first, const ShortTiles<T, D, Groups>& tiles)
{
    int lane = threadIdx.x % WarpSize;
    int n = head.n;
    int rows = first * TileStride<D>;
    uint4 dout[D / 16], o[D / 16];
    load_rows<T, D>(head.dout, first, n, dout);
    load_rows<T, D>(head.o, first, n, o);
    copy_rows<T, D>(head.q, first, n, tiles.q + rows);
    copy_rows<T, D>(head.k, first, n, tiles.k + rows);
    copy_rows<T, D>(head.v, first, n, tiles.v + rows);
    float lse = lane < WarpRows && first + lane < n ? head.lse[first + lane] : infinity();
    store_to_tile<T, D>(dout, tiles.dout + rows);
    compute_delta<T, D>(dout, o, tiles.delta + first);
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

// P ∘ mask in place of S = Q Kᵀ, and dS in place of dP = dO Vᵀ, for 16 queries and 16 keys, `keys` of them in the
// sentence.
template <int D>
__device__ __forceinline__ void scores_gradient(Accumulator& s, Accumulator& dp, const float (&lse)[2],
    const float (&delta)[2], const Accumulator& factors, int keys)
{
    constexpr float scale = HeadScale<D>;
#pragma unroll
    for (int i = 0; i < 8; i++)
    {
        int r = i / 2 % 2;
        float p = fragment_column(i) < keys ? exp2_approx(fmaf(s[i], scale * Log2E, -lse[r])) : 0.0f;
        s[i] = p * factors[i];
        dp[i] = p * fmaf(dp[i], factors[i], -delta[r]) * scale;
    }
}

// Stores P ∘ mask and dS of a warp's 16 queries to shared memory, and adds dS K to dq.
template <class T, int D, int Groups>
__device__ __forceinline__ void sum_dq(const ShortTiles<T, D, Groups>& tiles, const Dropout& mask,
    const KeptKeys<Groups>& kept, int first_query, int n, float (&dq)[D / 8][4])
{
    constexpr int SquareStride = ShortTiles<T, D, Groups>::SquareStride;
    int row = first_query + fragment_row(0);
    float lse[2] = {tiles.lse[row], tiles.lse[row + 8]};
    float delta[2] = {tiles.delta[row], tiles.delta[row + 8]};
    SharedAddress q = by_columns<D>(tiles.q + first_query * TileStride<D>);
    SharedAddress dout = by_columns<D>(tiles.dout + first_query * TileStride<D>);
#pragma unroll 1
    for (int group = 0; group * 16 < n; group++)
    {
        // The fragments of Q and dO are loaded again for each group of keys: in registers, they would cost one block
        // per multiprocessor.
        int keys = group * 16 * TileStride<D>;
        uint32_t a[D / 16][4], rounded[4];
        Accumulator s, dp, factors = AllOnes;
        load_a<D>(q, a);
        multiply_transposed<T, D>(a, by_rows<D>(tiles.k) + keys, s);
        load_a<D>(dout, a);
        multiply_transposed<T, D>(a, by_rows<D>(tiles.v) + keys, dp);
        if (mask.drops()) factors = kept.factors(group, mask.scale);
        scores_gradient<D>(s, dp, lse, delta, factors, n - group * 16);
        int block = first_query * SquareStride + group * 16;
        round_to_a<T>(s, rounded);
        store_a(rounded, tiles.p_dropped + block, SquareStride);
        round_to_a<T>(dp, rounded);
        store_a(rounded, tiles.ds + block, SquareStride);
        multiply_rows<T, D>(rounded, by_columns<D>(tiles.k) + keys, dq);
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
__device__ __forceinline__ void short_backward_mma(const T* dcontext, const T* qkv, const T* context,
    const float* log_sum_exp, const int* offsets, const Dropout& mask, T* dqkv, float* partials, int tokens)
{
    DYNAMIC_SHARED(T, shared);
    if (is_padding_block<3>(dqkv, offsets, tokens, D)) return;
    BackwardRows<T> head(dcontext, qkv, context, log_sum_exp, offsets, D, dqkv, tokens);
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

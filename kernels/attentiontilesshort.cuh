// The backward of attentiontiles.cuh for a sentence that a block holds: P ∘ mask and dS are computed once, by the warps that own the queries, which sum dQ; rounded, in shared memory,
// they are the left operands of the warps that own the keys, which sum dK and dV.
#pragma once
#include "attentiontiles.cuh"

// Elements more than 64 a row of P ∘ mask and of dS, as above.
constexpr int SquareStride = TileStride<ShortSentence>;

// A block's shared memory, for as many rows as the host found that the longest of the short sentences has: the host's PerShortTile.
template <class T, int D> struct ShortTiles
{
    T *queries, *slopes, *keys, *values, *kept, *scores;
    float *statistics, *along;

    __device__ __forceinline__ ShortTiles(T* shared, int rows)
    {
        int tile = rows * TileStride<D>;
        queries = shared;
        slopes = queries + tile;
        keys = slopes + tile;
        values = keys + tile;
        kept = values + tile;
        scores = kept + rows * SquareStride;
        statistics = reinterpret_cast<float*>(scores + rows * SquareStride);
        along = statistics + rows;
    }
};

// Σ dcontext context of 16 rows, as fetch_rows left them.
template <class T, int D> __device__ __forceinline__ void sum_along(const uint4 (&slopes)[D / 16], const uint4 (&outs)[D / 16], float* along)
{
    int lane = threadIdx.x % WarpSize;
#pragma unroll
    for (int k = 0; k < D / 16; k++)
    {
        const uint32_t slope_words[4] = {slopes[k].x, slopes[k].y, slopes[k].z, slopes[k].w}, out_words[4] = {outs[k].x, outs[k].y, outs[k].z, outs[k].w};
        float slope[8], out[8], sum = 0;
        unpack<T>(slope_words, slope);
        unpack<T>(out_words, out);
#pragma unroll
        for (int i = 0; i < 8; i++) sum += slope[i] * out[i];
#pragma unroll
        for (int distance = D / 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(AllLanes, sum, distance);
        if (lane % (D / 8) == 0) along[(lane + k * WarpSize) / (D / 8)] = sum;
    }
}

// A warp's 16 rows of everything, all reads before the first write; the log-sum-exp is such that P is 0 past the sentence's end.
template <class T, int D> __device__ __forceinline__ void load_sentence(const Rows<const T>& rows, int hidden, const Rows<const T>& slopes, const Rows<const T>& outs, const float* log_sum_exp,
    int own, int n, const ShortTiles<T, D>& tiles)
{
    int lane = threadIdx.x % WarpSize;
    uint4 query[D / 16], key[D / 16], value[D / 16], slope[D / 16], out[D / 16];
    fetch_rows<T, D>(rows, own, n, query);
    fetch_rows<T, D>({rows.data + hidden, rows.stride}, own, n, key);
    fetch_rows<T, D>({rows.data + 2 * hidden, rows.stride}, own, n, value);
    fetch_rows<T, D>(slopes, own, n, slope);
    fetch_rows<T, D>(outs, own, n, out);
    float statistic = lane < WarpRows && own + lane < n ? log_sum_exp[own + lane] : __uint_as_float(0x7f800000u);
    place_rows<T, D>(query, tiles.queries + own * TileStride<D>);
    place_rows<T, D>(key, tiles.keys + own * TileStride<D>);
    place_rows<T, D>(value, tiles.values + own * TileStride<D>);
    place_rows<T, D>(slope, tiles.slopes + own * TileStride<D>);
    sum_along<T, D>(slope, out, tiles.along + own);
    if (lane < WarpRows) tiles.statistics[own + lane] = statistic;
}

// A left operand to 16 columns of a warp's own rows, from where load_transposed takes it for the keys' owners.
template <class T> __device__ __forceinline__ void keep_left(const uint32_t (&left)[4], T* rows)
{
    int lane = threadIdx.x % WarpSize;
#pragma unroll
    for (int i = 0; i < 4; i++) *reinterpret_cast<uint32_t*>(rows + (lane / 4 + i % 2 * 8) * SquareStride + i / 2 * 8 + lane % 4 * 2) = left[i];
}

// For a warp's 16 queries: P ∘ mask and dS to shared memory; sums = dS K.
template <class T, int D> __device__ __forceinline__ void own_queries(const ShortTiles<T, D>& tiles, const Dropout& mask, int sentence, uint32_t element, int own, int n, float (&sums)[D / 8][4])
{
    const float scale = rsqrtf(static_cast<float>(D));
    int lane = threadIdx.x % WarpSize, row = own + lane / 4;
    float statistics[2] = {tiles.statistics[row], tiles.statistics[row + 8]}, along[2] = {tiles.along[row], tiles.along[row + 8]};
    for (int group = 0; group < n; group += 16)
    {
        // The rows' own fragments are read anew for each group: kept, they would cost a block of every multiprocessor its registers.
        uint32_t rows[D / 16][4], left[4];
        float p[2][4], dp[2][4];
        load_left<T, D>(tiles.queries + own * TileStride<D>, rows);
        times_rows<T, D>(rows, tiles.keys + group * TileStride<D>, p);
        load_left<T, D>(tiles.slopes + own * TileStride<D>, rows);
        times_rows<T, D>(rows, tiles.values + group * TileStride<D>, dp);
#pragma unroll
        for (int i = 0; i < 8; i += 2)
        {
            int r = i / 2 % 2, key = group + i / 4 * 8 + lane % 4 * 2;
            float kept[2] = {1, 1};
            if (mask.drops()) dropout_pair(mask, sentence, element + (row + 8 * r) * n + key, kept);
#pragma unroll
            for (int k = 0; k < 2; k++)
            {
                float &weight = p[i / 4][i % 4 + k], &score = dp[i / 4][i % 4 + k], share = key + k < n ? expf(weight * scale - statistics[r]) : 0.0f;
                weight = share * kept[k];
                score = share * (score * kept[k] - along[r]) * scale;
            }
        }
        round_left<T>(p, left);
        keep_left<T>(left, tiles.kept + own * SquareStride + group);
        round_left<T>(dp, left);
        keep_left<T>(left, tiles.scores + own * SquareStride + group);
        add_rows<T, D>(left, tiles.keys + group * TileStride<D>, sums);
    }
}

// For a warp's 16 keys: their columns of what own_queries left, times dcontext and Q.
template <class T, int D> __device__ __forceinline__ void own_keys(const ShortTiles<T, D>& tiles, int own, int n, float (&key_sums)[D / 8][4], float (&value_sums)[D / 8][4])
{
    int lane = threadIdx.x % WarpSize, place = (lane / 16 * 8 + lane % 8) * SquareStride + own + lane / 8 % 2 * 8;
    for (int group = 0; group < n; group += 16)
    {
        uint32_t left[4];
        load_transposed(left, tiles.scores + group * SquareStride + place);
        add_rows<T, D>(left, tiles.queries + group * TileStride<D>, key_sums);
        load_transposed(left, tiles.kept + group * SquareStride + place);
        add_rows<T, D>(left, tiles.slopes + group * TileStride<D>, value_sums);
    }
}

template <class T, int D> __device__ __forceinline__ void short_tiles(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, const Dropout& mask, T* dqkv, int tokens)
{
    DYNAMIC_SHARED(T, shared);
    int sentence = blockIdx.x, head = blockIdx.y, hidden = gridDim.y * D, first = offsets[sentence];
    if (sentence == gridDim.x - 1) return clear_gradients(dqkv + head * D, first, tokens, hidden, D);
    int n = offsets[sentence + 1] - first, own = threadIdx.x / WarpSize * WarpRows;
    if (n > ShortSentence) return;
    ShortTiles<T, D> tiles(shared, blockDim.x / WarpSize * WarpRows);
    long long start = static_cast<long long>(first) * 3 * hidden + head * D, row = static_cast<long long>(first) * hidden + head * D;
    if (own < n)
        load_sentence<T, D>({qkv + start, 3 * hidden}, hidden, {dcontext + row, hidden}, {context + row, hidden}, log_sum_exp + static_cast<long long>(head) * tokens + first, own, n, tiles);
    __syncthreads();
    float sums[D / 8][4] = {};
    if (own < n) own_queries<T, D>(tiles, mask, sentence, static_cast<uint32_t>(head) * n * n, own, n, sums);
    __syncthreads();
    if (own >= n) return;
    // K is done with: the rows of its tile take what goes to memory.
    T* staging = tiles.keys + own * TileStride<D>;
    store_rows<T, D>(sums, 1, 1, staging, {dqkv + start, 3 * hidden}, own, n);
    float key_sums[D / 8][4] = {}, value_sums[D / 8][4] = {};
    own_keys<T, D>(tiles, own, n, key_sums, value_sums);
    store_rows<T, D>(key_sums, 1, 1, staging, {dqkv + start + hidden, 3 * hidden}, own, n);
    store_rows<T, D>(value_sums, 1, 1, staging, {dqkv + start + 2 * hidden, 3 * hidden}, own, n);
}

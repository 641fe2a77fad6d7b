// The backward of attentiontiles.cuh for sentences that are no block's: one kernel owns queries and sums dQ over the keys, one owns keys and sums dK and dV over the queries.
#pragma once
#include "attentiontiles.cuh"

// For the 64 queries of a tile: log-sum-exp, and Σ dcontext context; past the sentence's end such that P is 0.
template <class T, int D> __device__ __forceinline__ void load_statistics(const T* slopes, const Rows<const T>& outs, const float* log_sum_exp, int first, int count, float* statistics, float* along)
{
    int row = threadIdx.x / 2, half = threadIdx.x % 2;
    float sum = 0, slope[8], out[8];
    if (first + row < count)
        for (int d = half * (D / 2); d < (half + 1) * (D / 2); d += 8)
        {
            load(slopes + row * TileStride<D> + d, slope);
            load(outs[first + row] + d, out);
#pragma unroll
            for (int i = 0; i < 8; i++) sum += slope[i] * out[i];
        }
    sum += __shfl_xor_sync(AllLanes, sum, 1);
    if (half != 0) return;
    along[row] = sum;
    statistics[row] = first + row < count ? log_sum_exp[first + row] : __uint_as_float(0x7f800000u);
}

template <class T, int D> __device__ __forceinline__ void queries_tiles(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, const Dropout& mask, T* dqkv, int tokens)
{
    DYNAMIC_SHARED(T, shared);
    constexpr int Tile = TileRows * TileStride<D>;
    const float scale = rsqrtf(static_cast<float>(D));
    int sentence = blockIdx.x, head = blockIdx.y, hidden = gridDim.y * D, first = offsets[sentence], begin = blockIdx.z * TileRows;
    int n = offsets[sentence + 1] - first, lane = threadIdx.x % WarpSize, own = threadIdx.x / WarpSize * WarpRows;
    if (n <= ShortSentence || begin >= n) return;
    long long start = static_cast<long long>(first) * 3 * hidden + head * D, row = static_cast<long long>(first) * hidden + head * D;
    T *queries = shared, *slopes = shared + Tile, *keys = shared + 2 * Tile, *values = shared + 3 * Tile;
    float *statistics = reinterpret_cast<float*>(shared + 4 * Tile), *along = statistics + TileRows;
    load_tile<T, D>({qkv + start, 3 * hidden}, begin, n, queries);
    load_tile<T, D>({dcontext + row, hidden}, begin, n, slopes);
    __syncthreads();
    load_statistics<T, D>(slopes, {context + row, hidden}, log_sum_exp + static_cast<long long>(head) * tokens + first, begin, n, statistics, along);
    uint32_t query[D / 16][4], slope[D / 16][4];
    load_left<T, D>(queries + own * TileStride<D>, query);
    load_left<T, D>(slopes + own * TileStride<D>, slope);
    float sums[D / 8][4] = {};
    for (int from = 0; from < n; from += TileRows)
    {
        __syncthreads();
        load_tile<T, D>({qkv + start + hidden, 3 * hidden}, from, n, keys);
        load_tile<T, D>({qkv + start + 2 * hidden, 3 * hidden}, from, n, values);
        __syncthreads();
        if (begin + own >= n) continue;
        for (int group = 0; group < TileRows && from + group < n; group += 16)
        {
            float p[2][4], dp[2][4];
            times_rows<T, D>(query, keys + group * TileStride<D>, p);
            times_rows<T, D>(slope, values + group * TileStride<D>, dp);
#pragma unroll
            for (int i = 0; i < 8; i += 2)
            {
                int place = own + lane / 4 + i / 2 % 2 * 8, key = from + group + i / 4 * 8 + lane % 4 * 2;
                float kept[2] = {1, 1};
                if (mask.drops()) dropout_pair(mask, sentence, (static_cast<uint32_t>(head) * n + begin + place) * n + key, kept);
#pragma unroll
                for (int k = 0; k < 2; k++)
                {
                    float &score = p[i / 4][i % 4 + k], share = key + k < n ? expf(score * scale - statistics[place]) : 0.0f;
                    score = share * (dp[i / 4][i % 4 + k] * kept[k] - along[place]) * scale;
                }
            }
            add_rows<T, D>(p, keys + group * TileStride<D>, sums);
        }
    }
    if (begin + own < n) store_rows<T, D>(sums, 1, 1, queries + own * TileStride<D>, {dqkv + start, 3 * hidden}, begin + own, n);
}

template <class T, int D> __device__ __forceinline__ void keys_tiles(const T* dcontext, const T* qkv, const T* context, const float* log_sum_exp, const int* offsets, const Dropout& mask, T* dqkv, int tokens)
{
    DYNAMIC_SHARED(T, shared);
    constexpr int Tile = TileRows * TileStride<D>;
    const float scale = rsqrtf(static_cast<float>(D));
    int sentence = blockIdx.x, head = blockIdx.y, hidden = gridDim.y * D, first = offsets[sentence], begin = blockIdx.z * TileRows;
    int n = offsets[sentence + 1] - first, lane = threadIdx.x % WarpSize, own = threadIdx.x / WarpSize * WarpRows;
    if (n <= ShortSentence || begin >= n) return;
    long long start = static_cast<long long>(first) * 3 * hidden + head * D, row = static_cast<long long>(first) * hidden + head * D;
    T *queries = shared, *slopes = shared + Tile, *keys = shared + 2 * Tile, *values = shared + 3 * Tile;
    float *statistics = reinterpret_cast<float*>(shared + 4 * Tile), *along = statistics + TileRows;
    load_tile<T, D>({qkv + start + hidden, 3 * hidden}, begin, n, keys);
    load_tile<T, D>({qkv + start + 2 * hidden, 3 * hidden}, begin, n, values);
    __syncthreads();
    uint32_t key[D / 16][4], value[D / 16][4];
    load_left<T, D>(keys + own * TileStride<D>, key);
    load_left<T, D>(values + own * TileStride<D>, value);
    float key_sums[D / 8][4] = {}, value_sums[D / 8][4] = {};
    for (int from = 0; from < n; from += TileRows)
    {
        __syncthreads();
        load_tile<T, D>({qkv + start, 3 * hidden}, from, n, queries);
        load_tile<T, D>({dcontext + row, hidden}, from, n, slopes);
        __syncthreads();
        load_statistics<T, D>(slopes, {context + row, hidden}, log_sum_exp + static_cast<long long>(head) * tokens + first, from, n, statistics, along);
        __syncthreads();
        if (begin + own >= n) continue;
        for (int group = 0; group < TileRows && from + group < n; group += 16)
        {
            float p[2][4], dp[2][4];
            times_rows<T, D>(key, queries + group * TileStride<D>, p);
            times_rows<T, D>(value, slopes + group * TileStride<D>, dp);
#pragma unroll
            for (int i = 0; i < 8; i++)
            {
                int place = group + i / 4 * 8 + lane % 4 * 2 + i % 2;
                uint32_t element = (static_cast<uint32_t>(head) * n + from + place) * n + begin + own + lane / 4 + i / 2 % 2 * 8;
                float share = expf(p[i / 4][i % 4] * scale - statistics[place]), kept = mask.drops() ? dropout_factor(mask, sentence, element) : 1.0f;
                p[i / 4][i % 4] = share * kept;
                dp[i / 4][i % 4] = share * (dp[i / 4][i % 4] * kept - along[place]) * scale;
            }
            add_rows<T, D>(p, slopes + group * TileStride<D>, value_sums);
            add_rows<T, D>(dp, queries + group * TileStride<D>, key_sums);
        }
    }
    if (begin + own >= n) return;
    store_rows<T, D>(key_sums, 1, 1, keys + own * TileStride<D>, {dqkv + start + hidden, 3 * hidden}, begin + own, n);
    store_rows<T, D>(value_sums, 1, 1, values + own * TileStride<D>, {dqkv + start + 2 * hidden, 3 * hidden}, begin + own, n);
}

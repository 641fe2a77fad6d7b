// Attention on tensor cores, for 16-bit types and heads of 32 or 64 columns: what its kernels share, and the forward. A block is 64 rows of a head of a sentence, a warp
// 16 of them; it walks over the sentence's other side in tiles of 64 rows. Sums are fp32; probabilities and their gradients are rounded to T where they enter a product.
// Every order is fixed by the sentence's length alone.
#pragma once
#include "attention.cuh"
#include "mma.cuh"

constexpr int TileRows = 64, WarpRows = 16;

// Eight elements more a row: the eight rows that an ldmatrix reads lie in different banks.
template <int D> constexpr int TileStride = D + 8;

// 16 rows of a head, D / 16 vectors a lane of a warp: D / 8 neighbours have a row. Zeros past the sentence's end.
template <class T, int D> __device__ __forceinline__ void fetch_rows(const Rows<const T>& rows, int first, int count, uint4 (&words)[D / 16])
{
    int lane = threadIdx.x % WarpSize;
#pragma unroll
    for (int k = 0; k < D / 16; k++)
    {
        int i = lane + k * WarpSize, row = first + i / (D / 8), column = i % (D / 8) * 8;
        words[k] = row < count ? *reinterpret_cast<const uint4*>(rows[row] + column) : make_uint4(0, 0, 0, 0);
    }
}

template <class T, int D> __device__ __forceinline__ void place_rows(const uint4 (&words)[D / 16], T* rows)
{
    int lane = threadIdx.x % WarpSize;
#pragma unroll
    for (int k = 0; k < D / 16; k++)
    {
        int i = lane + k * WarpSize;
        *reinterpret_cast<uint4*>(rows + i / (D / 8) * TileStride<D> + i % (D / 8) * 8) = words[k];
    }
}

// Rows of a head in shared memory, 16 a warp; a warp all of whose rows are past the sentence's end leaves its own as they are: nothing is made of them.
template <class T, int D> __device__ __forceinline__ void load_tile(const Rows<const T>& rows, int first, int count, T* tile)
{
    int own = threadIdx.x / WarpSize * WarpRows;
    if (first + own >= count) return;
    uint4 words[D / 16];
    fetch_rows<T, D>(rows, first + own, count, words);
    place_rows<T, D>(words, tile + own * TileStride<D>);
}

// The left operands of a warp's 16 rows: [16,D] as D / 16 fragments.
template <class T, int D> __device__ __forceinline__ void load_left(const T* rows, uint32_t (&left)[D / 16][4])
{
    int lane = threadIdx.x % WarpSize;
#pragma unroll
    for (int k = 0; k < D / 16; k++) load_matrices(left[k], rows + lane % 16 * TileStride<D> + k * 16 + lane / 16 * 8);
}

// product [16,16] = left · rowsᵀ for 16 rows of a tile.
template <class T, int D> __device__ __forceinline__ void times_rows(const uint32_t (&left)[D / 16][4], const T* rows, float (&product)[2][4])
{
    int lane = threadIdx.x % WarpSize, row = lane / 16 * 8 + lane % 8, column = lane / 8 % 2 * 8;
#pragma unroll
    for (int half = 0; half < 2; half++)
#pragma unroll
        for (int i = 0; i < 4; i++) product[half][i] = 0;
#pragma unroll
    for (int k = 0; k < D / 16; k++)
    {
        uint32_t right[4];
        load_matrices(right, rows + row * TileStride<D> + k * 16 + column);
        multiply_add<T>(product[0], left[k], right[0], right[1]);
        multiply_add<T>(product[1], left[k], right[2], right[3]);
    }
}

// A product [16,16], rounded, as a left operand: its registers lie alike.
template <class T> __device__ __forceinline__ void round_left(const float (&weights)[2][4], uint32_t (&left)[4])
{
#pragma unroll
    for (int i = 0; i < 4; i++) left[i] = to_pair<T>(weights[i / 2][i % 2 * 2], weights[i / 2][i % 2 * 2 + 1]);
}

// sums [16,D] += left [16,16] · 16 rows of a tile.
template <class T, int D> __device__ __forceinline__ void add_rows(const uint32_t (&left)[4], const T* rows, float (&sums)[D / 8][4])
{
    int lane = threadIdx.x % WarpSize, row = lane / 8 % 2 * 8 + lane % 8, column = lane / 16 * 8;
#pragma unroll
    for (int d = 0; d < D / 16; d++)
    {
        uint32_t right[4];
        load_transposed(right, rows + row * TileStride<D> + d * 16 + column);
        multiply_add<T>(sums[2 * d], left, right[0], right[1]);
        multiply_add<T>(sums[2 * d + 1], left, right[2], right[3]);
    }
}

template <class T, int D> __device__ __forceinline__ void add_rows(const float (&weights)[2][4], const T* rows, float (&sums)[D / 8][4])
{
    uint32_t left[4];
    round_left<T>(weights, left);
    add_rows<T, D>(left, rows, sums);
}

// A warp's 16 rows of sums, times a factor for the rows g and g + 8, to memory, over rows of shared memory that are the warp's own.
template <class T, int D> __device__ __forceinline__ void store_rows(const float (&sums)[D / 8][4], float upper, float lower, T* staging, const Rows<T>& target, int first, int count)
{
    int lane = threadIdx.x % WarpSize;
    __syncwarp();
#pragma unroll
    for (int d = 0; d < D / 8; d++)
    {
        uint32_t* row = reinterpret_cast<uint32_t*>(staging + lane / 4 * TileStride<D> + d * 8 + lane % 4 * 2);
        row[0] = to_pair<T>(sums[d][0] * upper, sums[d][1] * upper);
        row[8 * TileStride<D> / 2] = to_pair<T>(sums[d][2] * lower, sums[d][3] * lower);
    }
    __syncwarp();
    for (int i = lane; i < WarpRows * (D / 8); i += WarpSize)
    {
        int row = i / (D / 8), column = i % (D / 8) * 8;
        if (first + row < count) *reinterpret_cast<uint4*>(target[first + row] + column) = *reinterpret_cast<const uint4*>(staging + row * TileStride<D> + column);
    }
}

// Over the four lanes that share a row.
__device__ __forceinline__ float quad_max(float value)
{
    value = fmaxf(value, __shfl_xor_sync(AllLanes, value, 1));
    return fmaxf(value, __shfl_xor_sync(AllLanes, value, 2));
}

__device__ __forceinline__ float quad_sum(float value)
{
    value += __shfl_xor_sync(AllLanes, value, 1);
    return value + __shfl_xor_sync(AllLanes, value, 2);
}

template <class T, int D> __device__ __forceinline__ void forward_tiles(const T* qkv, const int* offsets, const Dropout& mask, T* context, float* log_sum_exp, int tokens)
{
    DYNAMIC_SHARED(T, shared);
    constexpr int Tile = TileRows * TileStride<D>, Groups = TileRows / 16;
    const float infinity = __uint_as_float(0x7f800000u), scale = rsqrtf(static_cast<float>(D));
    int sentence = blockIdx.x, head = blockIdx.y, hidden = gridDim.y * D, first = offsets[sentence], start = blockIdx.z * TileRows;
    if (sentence == gridDim.x - 1) return start == 0 ? clear_rows(context + head * D, first, tokens, hidden, D) : void();
    int n = offsets[sentence + 1] - first, lane = threadIdx.x % WarpSize, own = threadIdx.x / WarpSize * WarpRows;
    if (start >= n) return;
    const T* base = qkv + static_cast<long long>(first) * 3 * hidden + head * D;
    T *queries = shared, *keys = shared + Tile, *values = shared + 2 * Tile;
    load_tile<T, D>({base, 3 * hidden}, start, n, queries);
    __syncthreads();
    uint32_t left[D / 16][4];
    load_left<T, D>(queries + own * TileStride<D>, left);
    float out[D / 8][4] = {}, largest[2] = {-infinity, -infinity}, sum[2] = {};
    for (int from = 0; from < n; from += TileRows)
    {
        __syncthreads();
        load_tile<T, D>({base + hidden, 3 * hidden}, from, n, keys);
        load_tile<T, D>({base + 2 * hidden, 3 * hidden}, from, n, values);
        __syncthreads();
        if (start + own >= n) continue;
        float p[Groups][2][4], reached[2] = {largest[0], largest[1]};
#pragma unroll
        for (int group = 0; group < Groups; group++)
        {
            if (from + group * 16 < n) times_rows<T, D>(left, keys + group * 16 * TileStride<D>, p[group]);
#pragma unroll
            for (int i = 0; i < 8; i++)
            {
                float& score = p[group][i / 4][i % 4];
                score = from + group * 16 + i / 4 * 8 + lane % 4 * 2 + i % 2 < n ? score * scale : -infinity;
                reached[i / 2 % 2] = fmaxf(reached[i / 2 % 2], score);
            }
        }
#pragma unroll
        for (int r = 0; r < 2; r++)
        {
            reached[r] = quad_max(reached[r]);
            float shrink = expf(largest[r] - reached[r]);
            largest[r] = reached[r];
            sum[r] *= shrink;
#pragma unroll
            for (int d = 0; d < D / 8; d++)
            {
                out[d][2 * r] *= shrink;
                out[d][2 * r + 1] *= shrink;
            }
        }
#pragma unroll
        for (int group = 0; group < Groups; group++)
        {
            if (from + group * 16 >= n) continue;
#pragma unroll
            for (int i = 0; i < 8; i += 2)
            {
                int r = i / 2 % 2, query = start + own + lane / 4 + 8 * r, key = from + group * 16 + i / 4 * 8 + lane % 4 * 2;
                float *pair = &p[group][i / 4][i % 4], kept[2] = {1, 1};
                pair[0] = expf(pair[0] - largest[r]);
                pair[1] = expf(pair[1] - largest[r]);
                sum[r] += pair[0] + pair[1];
                if (mask.drops()) dropout_pair(mask, sentence, (static_cast<uint32_t>(head) * n + query) * n + key, kept);
                pair[0] *= kept[0];
                pair[1] *= kept[1];
            }
            add_rows<T, D>(p[group], values + group * 16 * TileStride<D>, out);
        }
    }
    if (start + own >= n) return;
    sum[0] = quad_sum(sum[0]);
    sum[1] = quad_sum(sum[1]);
    store_rows<T, D>(out, 1 / sum[0], 1 / sum[1], queries + own * TileStride<D>, {context + static_cast<long long>(first) * hidden + head * D, hidden}, start + own, n);
    if (log_sum_exp == nullptr || lane % 4 != 0) return;
#pragma unroll
    for (int r = 0; r < 2; r++)
        if (int query = start + own + lane / 4 + 8 * r; query < n) log_sum_exp[static_cast<long long>(head) * tokens + first + query] = largest[r] + logf(sum[r]);
}

// sum[t] = words[ids[t]] + positions[positionOf[t]] + types[0], and the gradients of the tables, each row summed in the order of t.
//
// words [V,H], positions [P,H], types [·,H], sum [T,H]; gradients fp32. Forward: a block a token.
// Backward, of words and positions (blockIdx.y chooses): the tokens are sorted by table row, stably, each put where it belongs by counting: the tokens of a smaller row, and
// those of its own before it. A run of one row is cut into chunks of ChunkTokens from its start on, a block a chunk. The sum of a run of one chunk goes into the table, those
// of a longer one into partials [2, slots, H], which a second kernel adds up in order. The sum of all rows, for types, is linear.cu's.
#include "sums.cuh"

constexpr int ChunkTokens = 32, OrderWarps = 8;

// A token in the order of its table row: its row, its place among the row's tokens, and how many there are from it on.
struct alignas(16) Sorted { int token, row, place, left; };

template <class T> __device__ __forceinline__ void forward(const int* ids, const int* places, const T* words, const T* positions, const T* types, T* sum, int columns)
{
    constexpr int N = Vector<T>::Length;
    int token = blockIdx.x;
    const T* word = words + static_cast<long long>(ids[token]) * columns;
    const T* position = positions + static_cast<long long>(places[token]) * columns;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float a[N], b[N], c[N];
        load(word + column, a);
        load(position + column, b);
        load(types + column, c);
#pragma unroll
        for (int k = 0; k < N; k++) a[k] = a[k] + b[k] + c[k];
        store(sum + static_cast<long long>(token) * columns + column, a);
    }
}

// How many tokens there are of a smaller row than a token's, and of the same: before it, and from it on.
struct Counts
{
    int smaller, before, left;

    // Of a tile of 32 tokens' rows; a token of the tile is its lane-th, one of a later or an earlier tile comes after all of them or before.
    __device__ __forceinline__ void add(const int4* tile, int row, int lane, bool own, bool earlier)
    {
        int same = 0, first = 0;
#pragma unroll
        for (int i = 0; i < WarpSize / 4; i++)
        {
            int4 four = tile[i];
            smaller += (four.x < row) + (four.y < row) + (four.z < row) + (four.w < row);
            same += (four.x == row) + (four.y == row) + (four.z == row) + (four.w == row);
        }
        if (own)
            for (int i = 0; i < lane; i++) first += reinterpret_cast<const int*>(tile)[i] == row;
        else if (earlier) first = same;
        before += first;
        left += same - first;
    }
};

// A block a tile, a lane a token of it; each of the block's warps goes through every eighth tile. Past the last token there are rows larger than any.
extern "C" __global__ void __launch_bounds__(OrderWarps * WarpSize) embedding_order(const int* ids, const int* places, Sorted* sorted, int tokens)
{
    __shared__ int4 tiles[OrderWarps][WarpSize / 4];
    __shared__ Counts counts[OrderWarps][WarpSize];
    const int* rows = blockIdx.y == 0 ? ids : places;
    int lane = threadIdx.x % WarpSize, warp = threadIdx.x / WarpSize, own = blockIdx.x, token = own * WarpSize + lane, row = token < tokens ? rows[token] : 0;
    Counts count = {0, 0, 0};
    for (int tile = warp; tile * WarpSize < tokens; tile += OrderWarps)
    {
        int other = tile * WarpSize + lane;
        __syncwarp();
        reinterpret_cast<int*>(tiles[warp])[lane] = other < tokens ? rows[other] : 0x7FFFFFFF;
        __syncwarp();
        count.add(tiles[warp], row, lane, tile == own, tile < own);
    }
    counts[warp][lane] = count;
    __syncthreads();
    if (warp != 0 || token >= tokens) return;
    for (int other = 1; other < OrderWarps; other++)
    {
        Counts more = counts[other][lane];
        count = {count.smaller + more.smaller, count.before + more.before, count.left + more.left};
    }
    sorted[static_cast<long long>(blockIdx.y) * tokens + count.smaller + count.before] = {token, row, count.before, count.left};
}

// Where the sum of a chunk lies: of those that begin in 32 sorted places one at most begins a run of several, and one at most goes on with one.
__device__ __forceinline__ long long slot_of(int window, bool begins, int tokens, int table)
{
    long long slots = 2LL * ((tokens + ChunkTokens - 1) / ChunkTokens);
    return table * slots + 2 * window + (begins ? 1 : 0);
}

template <class T> __device__ __forceinline__ void scatter(const T* dsum, const Sorted* sorted, float* dwords, float* dpositions, float* partials, int tokens, int columns)
{
    constexpr int N = Vector<T>::Length;
    int first = blockIdx.x, table = blockIdx.y;
    const Sorted* from = sorted + static_cast<long long>(table) * tokens + first;
    Sorted head = *from;
    if (head.place % ChunkTokens != 0) return;
    bool alone = head.place == 0 && head.left <= ChunkTokens;
    int count = min(head.left, ChunkTokens);
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float total[N] = {};
#pragma unroll 4
        for (int k = 0; k < count; k++)
        {
            float slope[N];
            load(dsum + static_cast<long long>(from[k].token) * columns + column, slope);
#pragma unroll
            for (int i = 0; i < N; i++) total[i] += slope[i];
        }
        if (alone) add_to((table == 0 ? dwords : dpositions) + static_cast<long long>(head.row) * columns + column, total);
        else store_wide(partials + slot_of(first / ChunkTokens, head.place == 0, tokens, table) * columns + column, total);
    }
}

// The runs of several chunks: a block for the one that begins in its 32 sorted places, if one does.
extern "C" __global__ void __launch_bounds__(128) embedding_join(const Sorted* sorted, const float* partials, float* dwords, float* dpositions, int tokens, int columns)
{
    __shared__ Sorted head;
    int window = blockIdx.x, table = blockIdx.y, place = window * ChunkTokens + threadIdx.x;
    if (threadIdx.x == 0) head.left = 0;
    __syncthreads();
    if (threadIdx.x < ChunkTokens && place < tokens)
    {
        Sorted one = sorted[static_cast<long long>(table) * tokens + place];
        if (one.place == 0 && one.left > ChunkTokens) head = one;
    }
    __syncthreads();
    if (head.left == 0) return;
    int chunks = (head.left + ChunkTokens - 1) / ChunkTokens;
    for (int column = threadIdx.x * 4; column < columns; column += blockDim.x * 4)
    {
        float total[4] = {};
#pragma unroll 4
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            float sum[4];
            load(partials + slot_of(window + chunk, chunk == 0, tokens, table) * columns + column, sum);
#pragma unroll
            for (int i = 0; i < 4; i++) total[i] += sum[i];
        }
        add_to((table == 0 ? dwords : dpositions) + static_cast<long long>(head.row) * columns + column, total);
    }
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128) embedding_forward_##name(const int* ids, const int* places, const T* words, const T* positions, const T* types, T* sum, int columns) \
    { \
        forward<T>(ids, places, words, positions, types, sum, columns); \
    } \
    extern "C" __global__ void __launch_bounds__(128) embedding_scatter_##name(const T* dsum, const Sorted* sorted, float* dwords, float* dpositions, float* partials, int tokens, int columns) \
    { \
        scatter<T>(dsum, sorted, dwords, dpositions, partials, tokens, columns); \
    }
FOR_EACH_TYPE(ENTRY)

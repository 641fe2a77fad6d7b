// sum[t] = words[ids[t]] + positions[position_ids[t]] + types[0], and the gradients of the tables, each table row
// summed in the order of t.
//
// words [V,H], positions [P,H], types [·,H], sum [T,H]; gradients fp32. Forward: one block per token.
// Backward, for words and positions (blockIdx.y chooses the table):
//   order    sorts the tokens by table row, stably, by counting: a token's rank is the number of tokens with a smaller
//            row plus the number of earlier tokens with the same row
//   scatter  cuts the run of tokens of a row into chunks of ChunkTokens, one block per chunk; the sum of a run of one
//            chunk goes into the table, those of a longer run into partials [2, slots, H]
//   join     adds up the chunks of longer runs in order
// Order also flags the touched rows of words, unless the flags [V] are null.
// The gradient of types, the sum of all rows, is computed by linear.cu.
#include "sums.cuh"

constexpr int ChunkTokens = 32;
constexpr int OrderWarps = 8;

// A token, in the order of table rows.
struct alignas(16) SortedToken
{
    int token;
    int row;
    int index_in_run;  // number of earlier tokens of the same row
    int remaining;     // number of tokens of the same row from this one on
};

template <class T>
__device__ __forceinline__ void forward(
    const int* ids, const int* position_ids, const T* words, const T* positions, const T* types, T* sum, int columns)
{
    constexpr int N = Vector<T>::Length;
    int token = blockIdx.x;
    const T* word = words + static_cast<long long>(ids[token]) * columns;
    const T* position = positions + static_cast<long long>(position_ids[token]) * columns;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float word_values[N];
        float position_values[N];
        float type_values[N];
        float sum_values[N];
        load(word + column, word_values);
        load(position + column, position_values);
        load(types + column, type_values);
#pragma unroll
        for (int k = 0; k < N; k++) sum_values[k] = word_values[k] + position_values[k] + type_values[k];
        store(sum + static_cast<long long>(token) * columns + column, sum_values);
    }
}

// A token's number of tokens with a smaller row, and with the same row: before it, and from it on.
struct Counts
{
    int smaller;
    int before;
    int remaining;

    // Adds the counts in a tile of 32 tokens: an earlier tile, a later one, or the token's, where it is the lane-th.
    __device__ __forceinline__ void add(const int4* tile, int row, int lane, bool is_same_tile, bool is_earlier_tile)
    {
        int same = 0;
        int same_before = 0;
#pragma unroll
        for (int i = 0; i < WarpSize / 4; i++)
        {
            int4 four = tile[i];
            smaller += (four.x < row) + (four.y < row) + (four.z < row) + (four.w < row);
            same += (four.x == row) + (four.y == row) + (four.z == row) + (four.w == row);
        }
        if (is_same_tile)
            for (int i = 0; i < lane; i++) same_before += reinterpret_cast<const int*>(tile)[i] == row;
        else if (is_earlier_tile) same_before = same;
        before += same_before;
        remaining += same - same_before;
    }
};

// One block per tile of 32 tokens, one lane per token; each warp of the block counts in every eighth tile.
extern "C" __global__ void __launch_bounds__(OrderWarps * WarpSize) embedding_order(
    const int* ids, const int* position_ids, SortedToken* sorted, int* touched, int tokens)
{
    __shared__ int4 tiles[OrderWarps][WarpSize / 4];
    __shared__ Counts counts[OrderWarps][WarpSize];
    const int* rows = blockIdx.y == 0 ? ids : position_ids;
    int lane = threadIdx.x % WarpSize;
    int warp = threadIdx.x / WarpSize;
    int token_tile = blockIdx.x;
    int token = token_tile * WarpSize + lane;
    int row = token < tokens ? rows[token] : 0;
    Counts count = {0, 0, 0};
    for (int tile = warp; tile * WarpSize < tokens; tile += OrderWarps)
    {
        int other = tile * WarpSize + lane;
        __syncwarp();
        // past the last token: a row larger than any
        reinterpret_cast<int*>(tiles[warp])[lane] = other < tokens ? rows[other] : 0x7FFFFFFF;
        __syncwarp();
        count.add(tiles[warp], row, lane, tile == token_tile, tile < token_tile);
    }
    counts[warp][lane] = count;
    __syncthreads();
    if (warp != 0 || token >= tokens) return;
    for (int other = 1; other < OrderWarps; other++)
    {
        Counts partial = counts[other][lane];
        count.smaller += partial.smaller;
        count.before += partial.before;
        count.remaining += partial.remaining;
    }
    long long rank = static_cast<long long>(blockIdx.y) * tokens + count.smaller + count.before;
    sorted[rank] = {token, row, count.before, count.remaining};
    if (blockIdx.y == 0 && touched != nullptr && count.before == 0) touched[row] = 1;
}

// Returns the slot in partials of a chunk's sum. Of the chunks that start within a window of 32 sorted tokens, at most
// one is the first of a run of several, and at most one continues such a run.
__device__ __forceinline__ long long slot_of(int window, bool is_first_chunk, int tokens, int table)
{
    long long slots = 2LL * ((tokens + ChunkTokens - 1) / ChunkTokens);
    return table * slots + 2 * window + (is_first_chunk ? 1 : 0);
}

template <class T>
__device__ __forceinline__ void scatter(
    const T* dsum, const SortedToken* sorted, float* dwords, float* dpositions, float* partials,
    int tokens, int columns)
{
    constexpr int N = Vector<T>::Length;
    int first = blockIdx.x;
    int table = blockIdx.y;
    const SortedToken* chunk = sorted + static_cast<long long>(table) * tokens + first;
    SortedToken head = *chunk;
    if (head.index_in_run % ChunkTokens != 0) return;
    bool is_only_chunk = head.index_in_run == 0 && head.remaining <= ChunkTokens;
    int count = min(head.remaining, ChunkTokens);
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float total[N] = {};
#pragma unroll 4
        for (int k = 0; k < count; k++)
        {
            float dsum_values[N];
            load(dsum + static_cast<long long>(chunk[k].token) * columns + column, dsum_values);
#pragma unroll
            for (int i = 0; i < N; i++) total[i] += dsum_values[i];
        }
        if (is_only_chunk)
        {
            float* dtable = table == 0 ? dwords : dpositions;
            add_to(dtable + static_cast<long long>(head.row) * columns + column, total);
        }
        else
        {
            long long slot = slot_of(first / ChunkTokens, head.index_in_run == 0, tokens, table);
            store_wide(partials + slot * columns + column, total);
        }
    }
}

// Sums the runs of several chunks: a block per window of 32 sorted tokens, for the run that starts in it, if one does.
extern "C" __global__ void __launch_bounds__(128) embedding_join(
    const SortedToken* sorted, const float* partials, float* dwords, float* dpositions, int tokens, int columns)
{
    __shared__ SortedToken head;
    int window = blockIdx.x;
    int table = blockIdx.y;
    int index = window * ChunkTokens + threadIdx.x;
    if (threadIdx.x == 0) head.remaining = 0;
    __syncthreads();
    if (threadIdx.x < ChunkTokens && index < tokens)
    {
        SortedToken candidate = sorted[static_cast<long long>(table) * tokens + index];
        if (candidate.index_in_run == 0 && candidate.remaining > ChunkTokens) head = candidate;
    }
    __syncthreads();
    if (head.remaining == 0) return;
    int chunks = (head.remaining + ChunkTokens - 1) / ChunkTokens;
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
        float* dtable = table == 0 ? dwords : dpositions;
        add_to(dtable + static_cast<long long>(head.row) * columns + column, total);
    }
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128) embedding_forward_##name( \
        const int* ids, const int* position_ids, const T* words, const T* positions, const T* types, T* sum, \
        int columns) \
    { \
        forward<T>(ids, position_ids, words, positions, types, sum, columns); \
    } \
    extern "C" __global__ void __launch_bounds__(128) embedding_scatter_##name( \
        const T* dsum, const SortedToken* sorted, float* dwords, float* dpositions, float* partials, \
        int tokens, int columns) \
    { \
        scatter<T>(dsum, sorted, dwords, dpositions, partials, tokens, columns); \
    }
FOR_EACH_TYPE(ENTRY)

// The k best of many scores per query, merged into those found before.
//
//   top[q] = the k best of top[q] and of scores[q,r] as row first_row + r
//
// The best first: by score, of equal scores the lower row. NaN is never among them. scores fp32 [Q,N]; top_scores fp32
// and top_rows [Q,k], k <= MaxCount; unused places have row -1 and score -infinity. N is any number, so that rows are
// not aligned: elements are read one by one.
//
// Select: a block per query and part of the columns writes the part's k best as keys, [Q,parts,k]. Merge: one block per
// query. A key orders scores and rows at once and no two are equal, so that the result depends neither on the parts nor
// on the order in which a block sees its scores.
#include "common.cuh"

constexpr int Threads = 256;
constexpr int Warps = Threads / WarpSize;
constexpr int PerThread = 4;
constexpr int Tile = Threads * PerThread;
constexpr int MaxCount = 1024;
// The best so far and a tile.
constexpr int Capacity = MaxCount + Tile;

// Below every key of a row.
constexpr uint64_t NoKey = 0;

struct Shared
{
    uint64_t keys[Capacity];
    int counts[2][Warps];
};

// Larger for a larger score and, of equal scores, for a lower row.
__device__ __forceinline__ uint64_t make_key(float score, int row)
{
    if (score != score || row < 0) return NoKey;
    uint32_t bits = score == 0 ? 0 : __float_as_uint(score);
    uint32_t ordered = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return static_cast<uint64_t>(ordered) << 32 | ~static_cast<uint32_t>(row);
}

__device__ __forceinline__ float score_of(uint64_t key)
{
    uint32_t ordered = static_cast<uint32_t>(key >> 32);
    uint32_t bits = ordered & 0x80000000u ? ordered & 0x7fffffffu : ~ordered;
    return key == NoKey ? -infinity() : __uint_as_float(bits);
}

__device__ __forceinline__ int row_of(uint64_t key)
{
    return key == NoKey ? -1 : static_cast<int>(~static_cast<uint32_t>(key));
}

// Scores of a query.
struct ScoreSource
{
    const float* scores;
    int first_row;

    __device__ __forceinline__ uint64_t operator()(int index) const
    {
        return make_key(scores[index], first_row + index);
    }
};

// The list of the blocks before this one, then the keys of all parts.
struct PartSource
{
    const float* top_scores;
    const int* top_rows;
    const uint64_t* parts;
    int k;

    __device__ __forceinline__ uint64_t operator()(int index) const
    {
        return index < k ? make_key(top_scores[index], top_rows[index]) : parts[index - k];
    }
};

// Sorts the first `count` keys, the largest first: a bitonic network over the next power of two.
__device__ __forceinline__ void sort_keys(uint64_t* keys, int count)
{
    int length = 1;
    while (length < count) length *= 2;
    for (int i = count + threadIdx.x; i < length; i += Threads) keys[i] = NoKey;
    for (int size = 2; size <= length; size *= 2)
        for (int stride = size / 2; stride > 0; stride /= 2)
        {
            __syncthreads();
            for (int pair = threadIdx.x; pair < length / 2; pair += Threads)
            {
                int i = 2 * pair - (pair & (stride - 1));
                uint64_t a = keys[i];
                uint64_t b = keys[i + stride];
                bool descends = (i & size) == 0;
                if (descends ? a < b : a > b)
                {
                    keys[i] = b;
                    keys[i + stride] = a;
                }
            }
        }
    __syncthreads();
}

// A thread's keys of a tile; bit l of passed[i] is set where keys[i] of lane l are above the lowest.
struct TileKeys
{
    uint64_t keys[PerThread];
    uint32_t passed[PerThread];
};

// Loads keys of source[start, to) and returns how many of the warp's are above the lowest.
template <class Source>
__device__ __forceinline__ int load_tile(const Source& source, int start, int to, uint64_t lowest, TileKeys& tile)
{
#pragma unroll
    for (int i = 0; i < PerThread; i++)
    {
        int index = start + i * Threads + static_cast<int>(threadIdx.x);
        tile.keys[i] = index < to ? source(index) : NoKey;
    }
    int found = 0;
#pragma unroll
    for (int i = 0; i < PerThread; i++)
    {
        tile.passed[i] = __ballot_sync(AllLanes, tile.keys[i] > lowest);
        found += __popc(tile.passed[i]);
    }
    return found;
}

// Stores the keys that passed, those of a warp from `target` on.
__device__ __forceinline__ void store_tile(const TileKeys& tile, uint64_t* target)
{
    int lane = threadIdx.x % WarpSize;
    uint32_t lanes_before = (1u << lane) - 1;
#pragma unroll
    for (int i = 0; i < PerThread; i++)
    {
        if (tile.passed[i] >> lane & 1) target[__popc(tile.passed[i] & lanes_before)] = tile.keys[i];
        target += __popc(tile.passed[i]);
    }
}

// Leaves the k largest keys above `lowest` of source[from, to) in shared.keys, sorted; returns their number.
template <class Source>
__device__ __forceinline__ int select_largest(
    const Source& source, int from, int to, uint64_t lowest, int k, Shared& shared)
{
    int warp = threadIdx.x / WarpSize;
    int count = 0;
    int buffer = 0;
    for (int start = from; start < to; start += Tile, buffer ^= 1)
    {
        TileKeys tile;
        int found = load_tile(source, start, to, lowest, tile);
        if (threadIdx.x % WarpSize == 0) shared.counts[buffer][warp] = found;
        __syncthreads();
        int total = 0;
        int before = 0;
#pragma unroll
        for (int i = 0; i < Warps; i++)
        {
            if (i == warp) before = total;
            total += shared.counts[buffer][i];
        }
        if (total == 0) continue;
        if (count + total > Capacity)
        {
            sort_keys(shared.keys, count);
            count = min(count, k);
            if (count == k) lowest = max(lowest, shared.keys[k - 1]);
        }
        store_tile(tile, shared.keys + count + before);
        count += total;
    }
    __syncthreads();
    sort_keys(shared.keys, count);
    return min(count, k);
}

extern "C" __global__ void __launch_bounds__(Threads) topk_select(
    const float* scores, int first_row, const float* top_scores, const int* top_rows, uint64_t* parts,
    int columns, int part_columns, int k)
{
    __shared__ Shared shared;
    long long query = blockIdx.x;
    int part = blockIdx.y;
    int from = part * part_columns;
    int to = min(columns, from + part_columns);
    // Only keys above the last place of the list can enter it.
    uint64_t lowest = make_key(top_scores[query * k + k - 1], top_rows[query * k + k - 1]);
    ScoreSource source = {scores + query * columns, first_row};
    int count = select_largest(source, from, to, lowest, k, shared);
    uint64_t* target = parts + (query * gridDim.y + part) * k;
    for (int i = threadIdx.x; i < k; i += Threads) target[i] = i < count ? shared.keys[i] : NoKey;
}

extern "C" __global__ void __launch_bounds__(Threads) topk_merge(
    const uint64_t* parts, float* top_scores, int* top_rows, int part_count, int k)
{
    __shared__ Shared shared;
    long long query = blockIdx.x;
    float* scores = top_scores + query * k;
    int* rows = top_rows + query * k;
    PartSource source = {scores, rows, parts + query * part_count * k, k};
    int count = select_largest(source, 0, (part_count + 1) * k, NoKey, k, shared);
    for (int i = threadIdx.x; i < k; i += Threads)
    {
        uint64_t key = i < count ? shared.keys[i] : NoKey;
        scores[i] = score_of(key);
        rows[i] = row_of(key);
    }
}

// The dropout masks of attention on tensor cores. The lanes that hold a row of a fragment draw other blocks of it each,
// and exchange one bit per element.
#pragma once
#include "attention_rows.cuh"
#include "mma.cuh"
#include "philox.cuh"

// Which of a tile's keys, 16 per group, are kept for the lane's two rows of 16 queries.
template <int Groups> struct KeptKeys
{
    static constexpr int Words = (Groups + 1) / 2;

    // Bit b is key b + fragment_column(0).
    uint32_t rows[2][Words];

    // Returns the factors of a group's elements.
    __device__ __forceinline__ Accumulator factors(int group, float scale) const
    {
        Accumulator result;
#pragma unroll
        for (int i = 0; i < 8; i++) result[i] = keeps(group, i) ? scale : 0.0f;
        return result;
    }

    // Sets those of a group's elements to 0 that are dropped.
    __device__ __forceinline__ void select(int group, Accumulator& values) const
    {
#pragma unroll
        for (int i = 0; i < 8; i++)
            if (!keeps(group, i)) values[i] = 0;
    }

private:
    __device__ __forceinline__ bool keeps(int group, int i) const
    {
        const uint32_t(&row)[Words] = rows[i / 2 % 2];
        uint32_t word = Words == 1 || group < 2 ? row[0] : row[Words - 1];
        return word >> (group % 2 * 16 + i / 4 * 8 + i % 2) & 1;
    }
};

// Draws the keys of a tile, `keys` of them in the sentence. Each lane of a quad draws every fourth block of both rows;
// a row that does not begin with a block has one block more, which the lanes share between the rows.
template <int Groups> __device__ __forceinline__ KeptKeys<Groups> draw_keys(
    const Dropout& mask, const Draws& draws, const HeadRows& head, int first_query, int first_key)
{
    constexpr int Words = KeptKeys<Groups>::Words;
    int place = lane_in_row();
    int first_lane = threadIdx.x % WarpSize - place;
    int keys = head.n - first_key;
    uint32_t start[2], drawn[2][Words + 1] = {};
#pragma unroll
    for (int r = 0; r < 2; r++)
    {
        start[r] = head.mask_element(first_query + fragment_row(2 * r), first_key);
#pragma unroll
        for (int word = 0; word < Words; word++)
        {
            if (word * 32 >= keys + 7) continue;
            uint32_t kept = kept_in_block(mask, draws, start[r] / 8 + word * 4 + place) << place * 8;
            kept |= __shfl_xor_sync(AllLanes, kept, 1);
            drawn[r][word] = kept | __shfl_xor_sync(AllLanes, kept, 2);
        }
    }
    if (Groups % 2 == 0 && Words * 32 < keys + 7)
    {
        uint32_t row_start = place < 2 ? start[0] : start[1];
        uint32_t kept = kept_in_block(mask, draws, row_start / 8 + Words * 4);
#pragma unroll
        for (int r = 0; r < 2; r++) drawn[r][Words] = __shfl_sync(AllLanes, kept, first_lane + 2 * r);
    }
    KeptKeys<Groups> result;
#pragma unroll
    for (int r = 0; r < 2; r++)
#pragma unroll
        for (int word = 0; word < Words; word++)
            result.rows[r][word] =
                __funnelshift_r(drawn[r][word], drawn[r][word + 1], start[r] % 8 + fragment_column(0));
    return result;
}

// Which of a warp's 16 keys are kept for the queries `lane` and 32 + `lane` of a tile of 64: bits 0 … 15 and 16 … 31.
struct KeptQueries
{
    uint32_t lane_bits;

    // Returns the factors of a group of 16 queries, for an accumulator whose rows are keys.
    __device__ __forceinline__ Accumulator factors(int group, float scale) const
    {
        uint32_t keys[8];
        Accumulator result;
#pragma unroll
        for (int i = 0; i < 8; i++)
        {
            int lane = group % 2 * 16 + fragment_column(i);
            bool is_new_query = (i & 2) == 0;
            keys[i] = is_new_query ? __shfl_sync(AllLanes, lane_bits, lane) >> group / 2 * 16 : keys[i & ~2];
            result[i] = keys[i] >> fragment_row(i) & 1 ? scale : 0.0f;
        }
        return result;
    }
};

__device__ __forceinline__ KeptQueries draw_queries(
    const Dropout& mask, const Draws& draws, const HeadRows& head, int first_query, int first_key)
{
    KeptQueries result = {0};
#pragma unroll
    for (int half = 0; half < 2; half++)
    {
        uint32_t start = head.mask_element(first_query + half * WarpSize + threadIdx.x % WarpSize, first_key);
        uint32_t kept = 0;
#pragma unroll
        for (int block = 0; block < 3; block++) kept |= kept_in_block(mask, draws, start / 8 + block) << 8 * block;
        result.lane_bits |= (kept >> start % 8 & 0xFFFF) << 16 * half;
    }
    return result;
}

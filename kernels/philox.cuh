// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011), and the dropout masks drawn from it. A mask is a function of
// seed, step, site, view, sentence and element, so that the backward pass draws it again. One call gives eight 16-bit
// draws: element e of a sentence's array takes draw e % 8 of block e / 8. An element is dropped if its draw is below
// the threshold, otherwise scaled by 65536 / (65536 - threshold).
#pragma once
#include "common.cuh"
#include "stepstate.cuh"

constexpr uint32_t FirstFactor = 0xD2511F53u;
constexpr uint32_t SecondFactor = 0xCD9E8D57u;
constexpr uint32_t FirstWeyl = 0x9E3779B9u;
constexpr uint32_t SecondWeyl = 0xBB67AE85u;

// Adjacent members are loaded in pairs, and a pair takes two registers at once: this order takes the fewest.
struct Dropout
{
    float scale;  // 65536 / (65536 - threshold)
    uint32_t seed_low;
    const StepCounters* counters;
    int site;       // which dropout of the model
    int threshold;  // draws below it are dropped; 0: no dropout
    int sentences_per_view;
    uint32_t seed_high;

    __device__ __forceinline__ bool drops() const { return threshold != 0; }
};

__device__ __forceinline__ uint4 philox_rounds(
    uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1, int rounds)
{
#pragma unroll
    for (int round = 0; round < rounds; round++)
    {
        uint32_t a_high = __umulhi(FirstFactor, c0);
        uint32_t a_low = FirstFactor * c0;
        uint32_t b_high = __umulhi(SecondFactor, c2);
        uint32_t b_low = SecondFactor * c2;
        c0 = b_high ^ c1 ^ k0;
        c1 = b_low;
        c2 = a_high ^ c3 ^ k1;
        c3 = a_low;
        k0 += FirstWeyl;
        k1 += SecondWeyl;
    }
    return make_uint4(c0, c1, c2, c3);
}

__device__ __forceinline__ uint4 philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1)
{
    return philox_rounds(c0, c1, c2, c3, k0, k1, 10);
}

// The part of the first two rounds that all draws of a sentence share: the blocks differ in one counter only.
struct Draws
{
    uint32_t round1_c2;  // all but the product of the block
    uint32_t round2_c0;  // all but the product of round 1's c2
    uint32_t round2_c2;  // all but round 1's c3
    uint32_t round2_c3;
};

// Returns the draws of a sentence of the batch, once for all its elements: this divides and reads counters. Without
// dropout there are none.
__device__ __forceinline__ Draws draws_of(const Dropout& mask, int sentence)
{
    if (!mask.drops()) return {};
    uint32_t view = sentence / mask.sentences_per_view;
    uint32_t sentence_in_view = sentence % mask.sentences_per_view + mask.counters->first_sentence;
    uint32_t step = mask.counters->step;
    uint32_t round1_c0 = __umulhi(SecondFactor, sentence_in_view) ^ (mask.site | view << 16) ^ mask.seed_low;
    return {
        step ^ mask.seed_high,
        (SecondFactor * sentence_in_view) ^ (mask.seed_low + FirstWeyl),
        __umulhi(FirstFactor, round1_c0) ^ (mask.seed_high + SecondWeyl),
        FirstFactor * round1_c0,
    };
}

// Draws a block of eight elements of a sentence.
__device__ __forceinline__ uint4 draw_block(const Dropout& mask, const Draws& draws, uint32_t block)
{
    uint32_t c2 = __umulhi(FirstFactor, block) ^ draws.round1_c2;
    uint32_t c3 = FirstFactor * block;
    return philox_rounds(
        __umulhi(SecondFactor, c2) ^ draws.round2_c0, SecondFactor * c2, draws.round2_c2 ^ c3, draws.round2_c3,
        mask.seed_low + 2 * FirstWeyl, mask.seed_high + 2 * SecondWeyl, 8);
}

// Returns which elements of a block are kept, one bit each.
__device__ __forceinline__ uint32_t kept_in_block(const Dropout& mask, const Draws& draws, uint32_t block)
{
    uint4 words = draw_block(mask, draws, block);
    const uint32_t word[4] = {words.x, words.y, words.z, words.w};
    uint32_t threshold = static_cast<uint32_t>(mask.threshold) << 16;
    uint32_t kept = 0;
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        if (word[i] << 16 >= threshold) kept |= 1u << 2 * i;
        if (word[i] >= threshold) kept |= 2u << 2 * i;
    }
    return kept;
}

// Returns the factor of one element.
__device__ __forceinline__ float dropout_factor(const Dropout& mask, const Draws& draws, uint32_t element)
{
    return kept_in_block(mask, draws, element / 8) >> element % 8 & 1 ? mask.scale : 0.0f;
}

// Multiplies a vector of 4 or 8 elements, which does not cross blocks, by the mask.
template <int N> __device__ __forceinline__ void apply_dropout(
    const Dropout& mask, const Draws& draws, uint32_t element, float (&values)[N])
{
    uint32_t kept = kept_in_block(mask, draws, element / 8) >> element % 8;
#pragma unroll
    for (int i = 0; i < N; i++) values[i] *= kept >> i & 1 ? mask.scale : 0.0f;
}

// Returns the sentence that a row of a packed batch belongs to. Without offsets, row s is position 0 of sentence s.
__device__ __forceinline__ int sentence_of(const int* offsets, int sentences, int row)
{
    if (offsets == nullptr) return row;
    int low = 0;
    int high = sentences;
    while (high - low > 1)
    {
        int middle = (low + high) / 2;
        if (offsets[middle] <= row) low = middle;
        else high = middle;
    }
    return low;
}

// A row's sentence, and the sentence's first row.
struct SentenceRow
{
    int sentence;
    int first;
};

// The same for a warp whose lanes ask for one row: 32 offsets at a time instead of one after the other.
__device__ __forceinline__ SentenceRow find_sentence(const int* offsets, int sentences, int row)
{
    if (offsets == nullptr) return {row, row};
    SentenceRow found = {0, 0};
    for (int count = sentences; count > 0;)
    {
        int step = (count + WarpSize - 1) / WarpSize;
        int candidate = threadIdx.x % WarpSize * step;
        int offset = candidate < count ? offsets[found.sentence + candidate] : row + 1;
        int last = __popc(__ballot_sync(AllLanes, offset <= row)) - 1;
        found.first = __shfl_sync(AllLanes, offset, last);
        found.sentence += last * step;
        count = step == 1 ? 0 : min(step, count - last * step);
    }
    return found;
}

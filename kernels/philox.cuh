// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011), and the dropout masks drawn from it. A mask is a function of (seed, step, site and view, sentence,
// element): eight 16-bit draws a call, so that element e of a sentence's array takes draw e % 8 of block e / 8. An element is kept if its draw is at least
// the threshold, and is then multiplied by 65536 / (65536 - threshold).
#pragma once
#include "stepstate.cuh"

struct Dropout
{
    uint32_t seed_low, seed_high;
    int threshold;
    float scale;
    int site, sentences_per_view;
    const StepCounters* counters;

    __device__ __forceinline__ bool drops() const { return threshold > 0; }
};

__device__ __forceinline__ uint4 philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1)
{
#pragma unroll
    for (int round = 0; round < 10; round++)
    {
        uint32_t a_high = __umulhi(0xD2511F53u, c0), a_low = 0xD2511F53u * c0, b_high = __umulhi(0xCD9E8D57u, c2), b_low = 0xCD9E8D57u * c2;
        c0 = b_high ^ c1 ^ k0;
        c1 = b_low;
        c2 = a_high ^ c3 ^ k1;
        c3 = a_low;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return make_uint4(c0, c1, c2, c3);
}

// The draws of a block of eight elements of a sentence.
__device__ __forceinline__ uint4 dropout_draws(const Dropout& mask, int sentence, uint32_t block)
{
    uint32_t view = sentence / mask.sentences_per_view;
    return philox(block, mask.site | view << 16, sentence % mask.sentences_per_view, mask.counters->step, mask.seed_low, mask.seed_high);
}

// The eight factors, 0 or the scale, of a block.
__device__ __forceinline__ void dropout_block(const Dropout& mask, int sentence, uint32_t block, float (&factors)[8])
{
    uint4 words = dropout_draws(mask, sentence, block);
    const uint32_t word[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
    for (int i = 0; i < 8; i++)
        factors[i] = static_cast<int>(word[i / 2] >> (16 * (i % 2)) & 0xFFFFu) >= mask.threshold ? mask.scale : 0.0f;
}

// The factor of one element of a block. Chosen by selects: an array that is indexed at run time would lie in memory.
__device__ __forceinline__ float dropout_choice(const Dropout& mask, const uint4& words, uint32_t element)
{
    uint32_t upper = element & 2 ? words.w : words.z, lower = element & 2 ? words.y : words.x, word = element & 4 ? upper : lower;
    return static_cast<int>(word >> 16 * (element & 1) & 0xFFFFu) >= mask.threshold ? mask.scale : 0.0f;
}

// The factor of one element.
__device__ __forceinline__ float dropout_factor(const Dropout& mask, int sentence, uint32_t element)
{
    return dropout_choice(mask, dropout_draws(mask, sentence, element / 8), element);
}

// The factors of two neighbours: most often of one block.
__device__ __forceinline__ void dropout_pair(const Dropout& mask, int sentence, uint32_t element, float (&factors)[2])
{
    uint4 words = dropout_draws(mask, sentence, element / 8);
    factors[0] = dropout_choice(mask, words, element);
    if (element % 8 == 7) words = dropout_draws(mask, sentence, element / 8 + 1);
    factors[1] = dropout_choice(mask, words, element + 1);
}

// The factors of as many elements as a vector has, from a multiple of that: half a block or a whole one.
template <int N> __device__ __forceinline__ void dropout_vector(const Dropout& mask, int sentence, uint32_t element, float (&factors)[N])
{
    float all[8];
    dropout_block(mask, sentence, element / 8, all);
    if constexpr (N == 8)
    {
#pragma unroll
        for (int i = 0; i < 8; i++) factors[i] = all[i];
    }
    else
    {
        bool upper = element % 8 != 0;
#pragma unroll
        for (int i = 0; i < N; i++) factors[i] = upper ? all[i + 4] : all[i];
    }
}

// The sentence that a row belongs to, by the offsets of a packed batch; without them a row is a sentence's place 0.
__device__ __forceinline__ int sentence_of(const int* offsets, int sentences, int row)
{
    if (offsets == nullptr) return row;
    int low = 0, high = sentences;
    while (high - low > 1)
    {
        int middle = (low + high) / 2;
        if (offsets[middle] <= row) low = middle;
        else high = middle;
    }
    return low;
}

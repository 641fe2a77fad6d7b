// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011), and the dropout masks drawn from it. A mask is a function of
// seed, step, site, view, sentence and element, so that the backward pass draws it again. One call gives eight 16-bit
// draws: element e of a sentence's array takes draw e % 8 of block e / 8. An element is dropped if its draw is below
// the threshold, otherwise scaled by 65536 / (65536 - threshold).
#pragma once
#include "stepstate.cuh"

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

__device__ __forceinline__ uint4 philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1)
{
#pragma unroll
    for (int round = 0; round < 10; round++)
    {
        uint32_t a_high = __umulhi(0xD2511F53u, c0);
        uint32_t a_low = 0xD2511F53u * c0;
        uint32_t b_high = __umulhi(0xCD9E8D57u, c2);
        uint32_t b_low = 0xCD9E8D57u * c2;
        c0 = b_high ^ c1 ^ k0;
        c1 = b_low;
        c2 = a_high ^ c3 ^ k1;
        c3 = a_low;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return make_uint4(c0, c1, c2, c3);
}

// Draws a block of eight elements of a sentence.
__device__ __forceinline__ uint4 dropout_draws(const Dropout& mask, int sentence, uint32_t block)
{
    uint32_t view = sentence / mask.sentences_per_view;
    uint32_t sentence_in_view = sentence % mask.sentences_per_view + mask.counters->first_sentence;
    uint32_t step = mask.counters->step;
    return philox(block, mask.site | view << 16, sentence_in_view, step, mask.seed_low, mask.seed_high);
}

// Computes the factors of a block of eight elements: 0 or the scale.
__device__ __forceinline__ void dropout_block(const Dropout& mask, int sentence, uint32_t block, float (&factors)[8])
{
    uint4 words = dropout_draws(mask, sentence, block);
    const uint32_t word[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
    for (int i = 0; i < 8; i++)
    {
        int draw = word[i / 2] >> (16 * (i % 2)) & 0xFFFFu;
        factors[i] = draw >= mask.threshold ? mask.scale : 0.0f;
    }
}

// Returns the factor of one element of a drawn block. Selects the word instead of indexing an array, which would be
// placed in local memory.
__device__ __forceinline__ float dropout_choice(const Dropout& mask, const uint4& words, uint32_t element)
{
    uint32_t word_2_or_3 = element & 2 ? words.w : words.z;
    uint32_t word_0_or_1 = element & 2 ? words.y : words.x;
    uint32_t word = element & 4 ? word_2_or_3 : word_0_or_1;
    int draw = word >> 16 * (element & 1) & 0xFFFFu;
    return draw >= mask.threshold ? mask.scale : 0.0f;
}

// Returns the factor of one element.
__device__ __forceinline__ float dropout_factor(const Dropout& mask, int sentence, uint32_t element)
{
    return dropout_choice(mask, dropout_draws(mask, sentence, element / 8), element);
}

// Computes the factors of two adjacent elements, mostly of the same block.
__device__ __forceinline__ void dropout_pair(
    const Dropout& mask, int sentence, uint32_t element, float (&factors)[2])
{
    uint4 words = dropout_draws(mask, sentence, element / 8);
    factors[0] = dropout_choice(mask, words, element);
    if (element % 8 == 7) words = dropout_draws(mask, sentence, element / 8 + 1);
    factors[1] = dropout_choice(mask, words, element + 1);
}

// Computes the factors of a vector of 4 or 8 elements, which does not cross blocks.
template <int N> __device__ __forceinline__ void dropout_vector(
    const Dropout& mask, int sentence, uint32_t element, float (&factors)[N])
{
    float block[8];
    dropout_block(mask, sentence, element / 8, block);
    if constexpr (N == 8)
    {
#pragma unroll
        for (int i = 0; i < 8; i++) factors[i] = block[i];
    }
    else
    {
        bool is_upper_half = element % 8 != 0;
#pragma unroll
        for (int i = 0; i < N; i++) factors[i] = is_upper_half ? block[i + 4] : block[i];
    }
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

// Masks tokens for the masked-language loss: a token that is not special is chosen with a probability; of the chosen
// ones 80 % become [MASK], 10 % a drawn token, 10 % stay. The draws are those of EsimCse.Core's MaskingSpec.
//
// ids, masked_ids, slots [T]; rows, labels [N]: row and id of each chosen token, in the order of rows, then -1; slots:
// the index of a chosen token in rows, -1 for the others. chosen [T] is scratch.
//
// Draw: one thread per token. List: one block per 256 tokens, which counts the chosen tokens before it; one more block
// fills rows and labels up.
#include "common.cuh"
#include "philox.cuh"

constexpr int Threads = 256;
constexpr uint32_t MaskingSite = 0x1003;
constexpr uint32_t MaskShare = 8;
constexpr uint32_t RandomShare = 1;
constexpr uint32_t Shares = 10;

// EsimCse.Core's MaskingSpec.
struct MaskingSpec
{
    const int* is_special;  // [V]
    uint64_t threshold;     // round(2^32 · probability)
    uint32_t seed_low;
    uint32_t seed_high;
    int mask_id;
    int vocabulary;
};

extern "C" __global__ void __launch_bounds__(Threads) masktokens_draw(
    MaskingSpec spec, StepState state, const int* ids, const int* offsets, int sentences, int* masked_ids, int* chosen,
    int tokens)
{
    int token = blockIdx.x * Threads + threadIdx.x;
    if (token >= tokens) return;
    int id = ids[token];
    masked_ids[token] = id;
    chosen[token] = 0;
    if (token >= offsets[sentences] || spec.is_special[id] != 0) return;
    int sentence = sentence_of(offsets, sentences, token);
    uint32_t position = token - offsets[sentence];
    int sentences_per_view = sentences / 2;
    uint32_t view = sentence / sentences_per_view;
    uint32_t sentence_in_view = sentence % sentences_per_view + state.counters->first_sentence;
    uint32_t step = state.counters->step;
    uint4 draws = philox(position, MaskingSite | view << 16, sentence_in_view, step, spec.seed_low, spec.seed_high);
    if (draws.x >= spec.threshold) return;
    chosen[token] = 1;
    uint32_t kind = __umulhi(draws.y, Shares);
    if (kind < MaskShare) masked_ids[token] = spec.mask_id;
    else if (kind < MaskShare + RandomShare)
        masked_ids[token] = static_cast<int>(__umulhi(draws.z, static_cast<uint32_t>(spec.vocabulary)));
}

// Returns the sum over the block to every thread. scratch: one number per warp.
__device__ __forceinline__ int block_count(int value, int* scratch)
{
#pragma unroll
    for (int distance = WarpSize / 2; distance > 0; distance /= 2)
        value += __shfl_xor_sync(AllLanes, value, distance);
    __syncthreads();
    if (threadIdx.x % WarpSize == 0) scratch[threadIdx.x / WarpSize] = value;
    __syncthreads();
    int sum = 0;
    for (int warp = 0; warp < Threads / WarpSize; warp++) sum += scratch[warp];
    return sum;
}

// Returns the sum over the threads of the block before this one.
__device__ __forceinline__ int block_count_before(int value, int* scratch)
{
    int lane = threadIdx.x % WarpSize;
    int inclusive = value;
#pragma unroll
    for (int distance = 1; distance < WarpSize; distance *= 2)
    {
        int other = __shfl_up_sync(AllLanes, inclusive, distance);
        if (lane >= distance) inclusive += other;
    }
    __syncthreads();
    if (lane == WarpSize - 1) scratch[threadIdx.x / WarpSize] = inclusive;
    __syncthreads();
    int before = inclusive - value;
    for (int warp = 0; warp < threadIdx.x / WarpSize; warp++) before += scratch[warp];
    return before;
}

extern "C" __global__ void __launch_bounds__(Threads) masktokens_list(
    const int* ids, const int* chosen, int* slots, int* rows, int* labels, int* count, int tokens, int capacity)
{
    __shared__ int scratch[Threads / WarpSize];
    int first = min(static_cast<int>(blockIdx.x) * Threads, tokens);
    int before = 0;
    for (int token = threadIdx.x; token < first; token += Threads) before += chosen[token];
    before = block_count(before, scratch);

    bool is_last_block = blockIdx.x == gridDim.x - 1;
    if (is_last_block)
    {
        for (int slot = before + threadIdx.x; slot < capacity; slot += Threads)
        {
            rows[slot] = -1;
            labels[slot] = -1;
        }
        if (threadIdx.x == 0) *count = before;
        return;
    }
    int token = first + threadIdx.x;
    int is_chosen = token < tokens ? chosen[token] : 0;
    int slot = before + block_count_before(is_chosen, scratch);
    if (token >= tokens) return;
    slots[token] = is_chosen != 0 ? slot : -1;
    if (is_chosen == 0 || slot >= capacity) return;
    rows[slot] = token;
    labels[slot] = ids[token];
}

// The batch of a step, packed: B sentences of the corpus, then the second view of each, in which drawn units (pieces, or words) stand twice, or what the kind says.
//
//   sentence s of the batch is order[((step - 1) mod ⌈C / size⌉) size + s];  n of its N units are drawn without replacement
//   paper: n uniform on 0 … max(2, ⌊rate N⌋);  published: n uniform on 0 … m - 1, m = min(10, ⌊rate (N + 2)⌋)
//
// pieces: ids of all sentences end to end; starts [C+1], lines, order [C]; continues [V]: 1 where a piece continues a word; extra: the
// pieces that are put in. Draw: a warp a sentence; views [B,longest] and lengths [B] are scratch. Pack: a block a view, and one for the tokens that belong to none.
#include "common.cuh"
#include "philox.cuh"

enum Kind { None, Subword, Word, Insert, Mask, Stopword, Delete };

constexpr int OfficialMost = 10, PaperLeast = 2, RepetitionSite = 0x1000, Drawn = 1 << 30;

// Words of Philox one after another.
struct Sequence
{
    uint32_t line, step, seed_low, seed_high, next;
    uint4 words;

    __device__ __forceinline__ int below(int bound)
    {
        if (next % 4 == 0) words = philox(next / 4, RepetitionSite, line, step, seed_low, seed_high);
        uint32_t upper = next & 1 ? words.w : words.z, lower = next & 1 ? words.y : words.x, word = next & 2 ? upper : lower;
        next++;
        return static_cast<int>(__umulhi(word, static_cast<uint32_t>(bound)));
    }
};

__device__ __forceinline__ const int* batch_order(const int* order, StepState state, int sentences, int size)
{
    return order + static_cast<long long>((state.counters->step - 1) % ((sentences + size - 1) / size)) * size;
}

struct Draws
{
    int kind;
    double rate;
    int paper, max_positions, mask_id;
    const int* extra;
    int extras;

    __device__ __forceinline__ int count(int units, Sequence& words) const
    {
        if (paper) return words.below(max(PaperLeast, static_cast<int>(rate * units)) + 1);
        int most = min(OfficialMost, static_cast<int>(rate * (units + 2)));
        return most < 1 ? 0 : words.below(most);
    }
};

// The view of a sentence of more than its two specials, by one lane. units: where each begins, one more where the last ends; numbers: 0, 1, 2 …
__device__ __forceinline__ int write_view(const Draws& draws, const int* ids, int length, int* units, int count, int* numbers, Sequence& words, int* view)
{
    int n = min(draws.count(count, words), draws.kind == Delete ? count - 1 : count), at = 1, limit = draws.max_positions - 1;
    for (int i = 0; i < n; i++)
    {
        int other = i + words.below(count - i), drawn = numbers[other];
        numbers[other] = numbers[i];
        numbers[i] = drawn;
        units[drawn] |= Drawn;
    }
    view[0] = ids[0];
    auto append = [&](int piece)
    {
        if (at < limit) view[at] = piece;
        at++;
    };
    for (int unit = 0; unit < count; unit++)
    {
        bool drawn = units[unit] & Drawn;
        int first = units[unit] & ~Drawn, end = units[unit + 1] & ~Drawn;
        int times = draws.kind == Delete ? !drawn : drawn && (draws.kind == Subword || draws.kind == Word) ? 2 : 1;
        for (int time = 0; time < times; time++)
            for (int i = first; i < end; i++) append(ids[i]);
        if (drawn && draws.kind == Mask) append(draws.mask_id);
        if (drawn && (draws.kind == Insert || draws.kind == Stopword)) append(draws.extra[words.below(draws.extras)]);
    }
    at = min(at, limit);
    view[at] = ids[length - 1];
    return at + 1;
}

extern "C" __global__ void __launch_bounds__(32) packviews_draw(const int* pieces, const int* starts, const int* lines, const int* order, StepState state, int sentences, int size,
    int longest, int kind, double rate, int paper, int each_step, uint32_t seed_low, uint32_t seed_high, int max_positions, int mask_id, const int* continues, const int* extra, int extras,
    int* views, int* lengths)
{
    DYNAMIC_SHARED(int, shared);
    int sentence = batch_order(order, state, sentences, size)[blockIdx.x], start = starts[sentence], length = starts[sentence + 1] - start;
    int *ids = shared, *numbers = ids + longest, *units = numbers + longest, *view = views + static_cast<long long>(blockIdx.x) * longest;
    for (int i = threadIdx.x; i < length; i += WarpSize)
    {
        ids[i] = pieces[start + i];
        numbers[i] = i;
        units[i] = i + 1;
        if (kind == None || length <= 2) view[i] = ids[i];
    }
    __syncwarp();
    if (threadIdx.x != 0) return;
    int count = max(0, length - 2);
    if (kind == Word)
    {
        count = 0;
        for (int i = 1; i < length - 1; i++)
            if (count == 0 || continues[ids[i]] == 0) units[count++] = i;
        units[count] = length - 1;
    }
    Sequence words = {static_cast<uint32_t>(lines[sentence]), each_step ? static_cast<uint32_t>(state.counters->step) : 0, seed_low, seed_high, 0, {}};
    lengths[blockIdx.x] = kind == None || length <= 2 ? length : write_view({kind, rate, paper, max_positions, mask_id, extra, extras}, ids, length, units, count, numbers, words, view);
}

// The sum over a block of whole warps, in every thread.
__device__ __forceinline__ int block_count(int value)
{
    __shared__ int sums[WarpSize];
#pragma unroll
    for (int distance = WarpSize / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(AllLanes, value, distance);
    if (threadIdx.x % WarpSize == 0) sums[threadIdx.x / WarpSize] = value;
    __syncthreads();
    int total = 0;
    for (int warp = 0; warp < blockDim.x / WarpSize; warp++) total += sums[warp];
    return total;
}

extern "C" __global__ void __launch_bounds__(128) packviews_pack(const int* pieces, const int* starts, const int* order, StepState state, int sentences, int size, int longest,
    const int* views, const int* lengths, int* ids, int* positions, int* offsets, int tokens)
{
    int own = blockIdx.x, pairs = gridDim.x / 2, before = 0;
    const int* chosen = batch_order(order, state, sentences, size);
    for (int other = threadIdx.x; other < own; other += blockDim.x)
        before += other < pairs ? starts[chosen[other] + 1] - starts[chosen[other]] : lengths[other - pairs];
    int offset = block_count(before);
    if (threadIdx.x == 0) offsets[own] = offset;
    bool tail = own == 2 * pairs, first = own < pairs;
    const int* view = tail ? nullptr : first ? pieces + starts[chosen[own]] : views + static_cast<long long>(own - pairs) * longest;
    int length = tail ? tokens - offset : first ? starts[chosen[own] + 1] - starts[chosen[own]] : lengths[own - pairs];
    for (int i = threadIdx.x; i < length; i += blockDim.x)
    {
        ids[offset + i] = tail ? 0 : view[i];
        positions[offset + i] = tail ? 0 : i;
    }
}

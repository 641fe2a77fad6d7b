// The packed batch of a step: B sentences of the corpus (the anchors), then the augmented view of each (the positives).
//
//   sentence s of the batch is order[((step - 1) mod ⌈C / batch size⌉) · batch size + first sentence + s], C sentences
//   in the corpus
//   of the N spans of a sentence (single tokens, or whole words) n are drawn without replacement:
//   paper: n uniform on 0 … max(2, ⌊rate N⌋);  official: n uniform on 0 … m - 1, m = min(10, ⌊rate (N + 2)⌋)
//
// views [B, longest] and lengths [B] hold the positives in between. Draw: one warp per sentence. Pack: one block per
// view, and one for the rows after the last sentence, which get zeros.
#include "common.cuh"
#include "philox.cuh"

// A drawn span is repeated (Subword, Word), followed by an inserted token (Insert, Stopword) or [MASK] (Mask), or
// deleted. The values of these enums are those of EsimCse.Core.
enum Augmentation { None, Subword, Word, Insert, Mask, Stopword, Delete };
enum RepetitionFormula { Official, Paper };
enum RepetitionDraw { Once, EachStep };

constexpr int OfficialMaxDraws = 10;
constexpr int PaperMinDraws = 2;
constexpr int AugmentationSite = 0x1000;
constexpr int Drawn = 1 << 30;  // flag of a drawn span, in the position where it starts

// The sentences to train on.
struct Corpus
{
    const int* tokens;  // ids of all sentences, end to end
    const int* starts;  // [C+1]: where each sentence starts, and the last ends
    const int* lines;   // [C]: line numbers in the corpus
    const int* order;   // [C]: the order of the epoch
    int sentences;      // C

    __device__ __forceinline__ const int* batch(StepState state, int batch_size) const
    {
        int batches = (sentences + batch_size - 1) / batch_size;
        long long first = static_cast<long long>((state.counters->step - 1) % batches) * batch_size;
        return order + first + state.counters->first_sentence;
    }
};

// EsimCse.Core's AugmentationSpec.
struct AugmentationSpec
{
    const int* continues_word;  // [V]: 1 for tokens that continue a word
    const int* insertions;      // the tokens to insert
    double rate;
    uint32_t seed_low;
    uint32_t seed_high;
    int augmentation;
    int formula;
    int draw;
    int max_positions;
    int mask_id;
    int insertion_count;
};

// A sequence of Philox words.
struct Sequence
{
    uint32_t line, step, seed_low, seed_high, next;
    uint4 words;

    // Draws a number below bound.
    __device__ __forceinline__ int below(int bound)
    {
        if (next % 4 == 0) words = philox(next / 4, AugmentationSite, line, step, seed_low, seed_high);
        uint32_t word_2_or_3 = next & 1 ? words.w : words.z;
        uint32_t word_0_or_1 = next & 1 ? words.y : words.x;
        uint32_t word = next & 2 ? word_2_or_3 : word_0_or_1;
        next++;
        return static_cast<int>(__umulhi(word, static_cast<uint32_t>(bound)));
    }
};

__device__ __forceinline__ int draw_count(AugmentationSpec spec, int spans, Sequence& sequence)
{
    if (spec.formula == Paper) return sequence.below(max(PaperMinDraws, static_cast<int>(spec.rate * spans)) + 1);
    int bound = min(OfficialMaxDraws, static_cast<int>(spec.rate * (spans + 2)));
    return bound < 1 ? 0 : sequence.below(bound);
}

// Draws n of the spans without replacement, by a partial Fisher-Yates shuffle, and flags them.
// indices: 0, 1, 2 … on entry.
__device__ __forceinline__ void draw_spans(int n, int spans, int* span_starts, int* indices, Sequence& sequence)
{
    for (int i = 0; i < n; i++)
    {
        int other = i + sequence.below(spans - i);
        int drawn = indices[other];
        indices[other] = indices[i];
        indices[i] = drawn;
        span_starts[drawn] |= Drawn;
    }
}

// Writes the positive view of a sentence of more than [CLS] and [SEP], in one thread; returns its length.
// span_starts [spans + 1]: where each span starts, and the last ends.
__device__ __forceinline__ int write_view(
    AugmentationSpec spec, const int* ids, int length, int* span_starts, int spans, int* indices,
    Sequence& sequence, int* view)
{
    int max_drawn = spec.augmentation == Delete ? spans - 1 : spans;
    int n = min(draw_count(spec, spans, sequence), max_drawn);
    int view_length = 1;
    int limit = spec.max_positions - 1;
    draw_spans(n, spans, span_starts, indices, sequence);
    view[0] = ids[0];
    auto append = [&](int token)
    {
        if (view_length < limit) view[view_length] = token;
        view_length++;
    };
    for (int span = 0; span < spans; span++)
    {
        bool drawn = span_starts[span] & Drawn;
        int first = span_starts[span] & ~Drawn;
        int end = span_starts[span + 1] & ~Drawn;
        bool is_repeated = drawn && (spec.augmentation == Subword || spec.augmentation == Word);
        int times = is_repeated ? 2 : 1;
        if (spec.augmentation == Delete) times = !drawn;
        for (int time = 0; time < times; time++)
            for (int i = first; i < end; i++) append(ids[i]);
        if (drawn && spec.augmentation == Mask) append(spec.mask_id);
        if (drawn && (spec.augmentation == Insert || spec.augmentation == Stopword))
            append(spec.insertions[sequence.below(spec.insertion_count)]);
    }
    view_length = min(view_length, limit);
    view[view_length] = ids[length - 1];
    return view_length + 1;
}

// Writes where the words of a sentence start, and the last ends; returns their number.
__device__ __forceinline__ int find_words(const int* continues_word, const int* ids, int length, int* span_starts)
{
    int words = 0;
    for (int i = 1; i < length - 1; i++)
        if (words == 0 || continues_word[ids[i]] == 0) span_starts[words++] = i;
    span_starts[words] = length - 1;
    return words;
}

extern "C" __global__ void __launch_bounds__(32) packviews_draw(
    Corpus corpus, StepState state, int batch_size, int longest, AugmentationSpec spec, int* views, int* lengths)
{
    DYNAMIC_SHARED(int, shared);
    int sentence = corpus.batch(state, batch_size)[blockIdx.x];
    int start = corpus.starts[sentence];
    int length = corpus.starts[sentence + 1] - start;
    int* ids = shared;
    int* indices = ids + longest;
    int* span_starts = indices + longest;
    int* view = views + static_cast<long long>(blockIdx.x) * longest;
    for (int i = threadIdx.x; i < length; i += WarpSize)
    {
        ids[i] = corpus.tokens[start + i];
        indices[i] = i;
        span_starts[i] = i + 1;
        if (spec.augmentation == None || length <= 2) view[i] = ids[i];
    }
    __syncwarp();
    if (threadIdx.x != 0) return;
    int spans = max(0, length - 2);
    if (spec.augmentation == Word) spans = find_words(spec.continues_word, ids, length, span_starts);
    uint32_t line = corpus.lines[sentence];
    uint32_t step = spec.draw == EachStep ? static_cast<uint32_t>(state.counters->step) : 0;
    Sequence sequence = {line, step, spec.seed_low, spec.seed_high, 0, {}};
    bool is_copy = spec.augmentation == None || length <= 2;
    lengths[blockIdx.x] = is_copy
        ? length
        : write_view(spec, ids, length, span_starts, spans, indices, sequence, view);
}

// Returns the sum over a block of whole warps to every thread.
__device__ __forceinline__ int block_count(int value)
{
    __shared__ int sums[WarpSize];
#pragma unroll
    for (int distance = WarpSize / 2; distance > 0; distance /= 2)
        value += __shfl_xor_sync(AllLanes, value, distance);
    if (threadIdx.x % WarpSize == 0) sums[threadIdx.x / WarpSize] = value;
    __syncthreads();
    int total = 0;
    for (int warp = 0; warp < blockDim.x / WarpSize; warp++) total += sums[warp];
    return total;
}

extern "C" __global__ void __launch_bounds__(128) packviews_pack(
    Corpus corpus, StepState state, int batch_size, int longest, const int* views, const int* lengths,
    int* ids, int* positions, int* offsets, int tokens)
{
    int block = blockIdx.x;
    int pairs = gridDim.x / 2;
    const int* batch = corpus.batch(state, batch_size);

    // offset: the total length of the views before this one
    int before = 0;
    for (int other = threadIdx.x; other < block; other += blockDim.x)
        before += other < pairs
            ? corpus.starts[batch[other] + 1] - corpus.starts[batch[other]]
            : lengths[other - pairs];
    int offset = block_count(before);
    if (threadIdx.x == 0) offsets[block] = offset;

    bool is_padding = block == 2 * pairs;
    bool is_anchor = block < pairs;
    const int* view = nullptr;
    int length = tokens - offset;
    if (is_anchor)
    {
        view = corpus.tokens + corpus.starts[batch[block]];
        length = corpus.starts[batch[block] + 1] - corpus.starts[batch[block]];
    }
    else if (!is_padding)
    {
        view = views + static_cast<long long>(block - pairs) * longest;
        length = lengths[block - pairs];
    }
    for (int i = threadIdx.x; i < length; i += blockDim.x)
    {
        ids[offset + i] = is_padding ? 0 : view[i];
        positions[offset + i] = is_padding ? 0 : i;
    }
}

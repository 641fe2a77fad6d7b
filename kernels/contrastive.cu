// The contrastive (InfoNCE) loss over batch and queue, and its gradient. h holds B anchors, then their positives, then
// their hard negatives if there are any; the candidates of an anchor are the rows of h after the anchors, then the
// queue.
//
//   logit[i,j] = cos(h[i], candidate j) / τ, plus w at the hard negative of i;  norms clamped below at 1e-8
//   loss = mean over i of log1p(Σ over all j but the largest of e^(logit[i,j] - max)) - (logit[i,i] - max)
//   weight[i,j] = ∂loss / ∂cos(i,j) = (softmax[i,j] - [i = j]) / (B τ)
//   dh = (Σ weight · other / |other| - (Σ weight · cos) h / |h|) / |h|; the second term is 0 where |h| is clamped
//
// A candidate j ≠ i that is the text of i or of its positive, or the positive of another row with the text of i, is no
// negative of i: its softmax is 0.
//
// h, dh [VB,E], V = 2 or 3; queue [Q,E]; logits, weights [B,(V-1)B+Q]; norms [VB+Q]; all fp32. No gradient flows into
// the queue. Only its first queue_count rows are filled; the others are not read.
//
// Norms: one warp per row. Logits: one warp per pair. Softmax: one block per row. Gradient: one block per row of h and
// 128 of its columns.
// Streaming, where the logits do not fit in memory: one block per row reduces its softmax online, and the gradient
// computes the logits again. Every sum has a fixed order.
#include "contrastive.cuh"
#include "softmax.cuh"

constexpr int WarpsPerBlock = 4;
constexpr int StreamVectors = 2;

extern "C" __global__ void __launch_bounds__(128) contrastive_norms(
    const float* h, const float* queue, StepState state, float* norms, int h_rows, int queue_rows, int columns)
{
    int index = blockIdx.x * WarpsPerBlock + threadIdx.x / WarpSize;
    if (index >= h_rows + filled_rows(queue_rows, state)) return;
    Vectors vectors = {h, queue, h_rows, columns};
    const float* row = vectors[index];
    float norm = sqrtf(warp_dot(row, row, columns));
    if (threadIdx.x % WarpSize == 0) norms[index] = norm;
}

extern "C" __global__ void __launch_bounds__(128) contrastive_logits(
    const float* h, const float* queue, StepState state, const float* norms, Candidates candidates, float temperature,
    float* logits, int columns)
{
    int row = blockIdx.y;
    int column = blockIdx.x * WarpsPerBlock + threadIdx.x / WarpSize;
    if (column >= candidates.count(state)) return;
    Vectors vectors = {h, queue, candidates.h_rows, columns};
    float logit = warp_logit(vectors, norms, candidates, temperature, row, column);
    if (threadIdx.x % WarpSize != 0) return;
    logits[static_cast<long long>(row) * candidates.stride() + column] = logit;
}

// A row's loss and weights. The target's weight is minus the sum of the others', which loses no digits.
extern "C" __global__ void __launch_bounds__(128) contrastive_softmax(
    const float* logits, StepState state, Candidates candidates, float temperature, float* weights, float* losses)
{
    __shared__ float scratch[WarpSize];
    int row = blockIdx.x;
    int count = candidates.count(state);
    const float* logit = logits + static_cast<long long>(row) * candidates.stride();
    float* weight = weights + static_cast<long long>(row) * candidates.stride();

    SoftmaxSums sums = softmax_sums<WarpsPerBlock * WarpSize>(logit, count, row, scratch);
    float weight_scale = 1 / ((1 + sums.without_max) * candidates.pairs * temperature);
    for (int j = threadIdx.x; j < count; j += blockDim.x)
        weight[j] = j == row ? -sums.without_target * weight_scale : expf(logit[j] - sums.maximum) * weight_scale;
    if (threadIdx.x == 0) losses[row] = log1pf(sums.without_max) - (logit[row] - sums.maximum);
}

extern "C" __global__ void __launch_bounds__(32) contrastive_mean(const float* losses, StepState state, int pairs)
{
    double sum = total_loss(losses, pairs);
    if (threadIdx.x != 0) return;
    state.scalars->loss = static_cast<float>(sum / pairs);
    state.scalars->masked_language_loss = 0;
}

extern "C" __global__ void __launch_bounds__(128) contrastive_gradient(
    const float* h, const float* queue, StepState state, const float* norms, const float* logits, const float* weights,
    Candidates candidates, float temperature, float* dh, int columns)
{
    __shared__ float sums[WarpsPerBlock][4][WarpSize];
    __shared__ float projections[WarpsPerBlock];
    int row = blockIdx.x;
    int warp = threadIdx.x / WarpSize;
    int lane = threadIdx.x % WarpSize;
    int column = (blockIdx.y * WarpSize + lane) * 4;
    int pairs = candidates.pairs;
    bool is_anchor = row < pairs;
    int count = is_anchor ? candidates.count(state) : pairs;
    Vectors vectors = {h, queue, candidates.h_rows, columns};

    // each warp adds every fourth vector
    float sum[4] = {};
    float projection = 0;
#pragma unroll 4
    for (int i = warp; i < count; i += WarpsPerBlock)
    {
        int anchor = is_anchor ? row : i;
        int candidate = is_anchor ? i : row - pairs;
        long long index = static_cast<long long>(anchor) * candidates.stride() + candidate;
        int other = is_anchor ? pairs + i : i;
        float scale = weights[index] * inverse_norm(norms, other);
        float values[4];
        load(vectors[other] + min(column, columns - 4), values);
#pragma unroll
        for (int k = 0; k < 4; k++) sum[k] += scale * values[k];
        projection += weights[index] * (logits[index] - candidates.bonus(anchor, candidate)) * temperature;
    }
#pragma unroll
    for (int k = 0; k < 4; k++) sums[warp][k][lane] = sum[k];
    if (lane == 0) projections[warp] = projection;
    __syncthreads();

    // the first warp adds the other warps' sums in order
    if (warp != 0 || column >= columns) return;
    for (int other = 1; other < WarpsPerBlock; other++)
    {
#pragma unroll
        for (int k = 0; k < 4; k++) sum[k] += sums[other][k][lane];
        projection += projections[other];
    }
    long long start = static_cast<long long>(row) * columns + column;
    store_dh(h + start, norms, row, projection, inverse_norm(norms, row), sum, dh + start);
}

// An online softmax over some of a row's logits.
struct OnlineSoftmax
{
    float maximum;
    float max_count;           // how often the maximum occurs
    float sum_below_max;       // Σ e^(logit - maximum) over the smaller logits
    float sum_without_target;  // Σ e^(logit - maximum) over all logits but the target's

    __device__ __forceinline__ void add(const OnlineSoftmax& other)
    {
        if (other.maximum > maximum)
        {
            float rescale = expf(maximum - other.maximum);
            sum_below_max = other.sum_below_max + (sum_below_max + max_count) * rescale;
            sum_without_target = other.sum_without_target + sum_without_target * rescale;
            max_count = other.max_count;
            maximum = other.maximum;
            return;
        }
        // A NaN is never the maximum: the sums propagate it.
        float rescale = expf(other.maximum - maximum);
        bool is_equal = other.maximum == maximum;
        sum_below_max += other.sum_below_max * rescale + (is_equal ? 0.0f : other.max_count * rescale);
        sum_without_target += other.sum_without_target * rescale;
        max_count += is_equal ? other.max_count : 0.0f;
    }
};

// statistics [B,4], a row's softmax for the streaming gradient: the maximum, the factor from e^(logit - maximum) to a
// weight, the target's weight, and an unused column.
constexpr int Maximum = 0;
constexpr int WeightScale = 1;
constexpr int TargetWeight = 2;

extern "C" __global__ void __launch_bounds__(128) contrastive_stream(
    const float* h, const float* queue, StepState state, const float* norms, Candidates candidates, float temperature,
    float* statistics, float* losses, int columns)
{
    __shared__ OnlineSoftmax partials[WarpsPerBlock];
    __shared__ float target;
    int row = blockIdx.x;
    int warp = threadIdx.x / WarpSize;
    int lane = threadIdx.x % WarpSize;
    int count = candidates.count(state);
    Vectors vectors = {h, queue, candidates.h_rows, columns};

    // each warp reduces every fourth column
    OnlineSoftmax softmax = {-infinity(), 0, 0, 0};
    for (int column = warp; column < count; column += WarpsPerBlock)
    {
        float logit = warp_logit(vectors, norms, candidates, temperature, row, column);
        if (column == row && lane == 0) target = logit;
        OnlineSoftmax single = {logit, 1, 0, column == row ? 0.0f : 1.0f};
        // A warp's first logit is not added to the empty softmax: e^(-inf + inf) is NaN.
        if (column == warp) softmax = single;
        else softmax.add(single);
    }
    if (lane == 0) partials[warp] = softmax;
    __syncthreads();
    if (threadIdx.x != 0) return;

    // thread 0 adds the warps' partial softmaxes in order
    for (int other = 1; other < min(WarpsPerBlock, count); other++) softmax.add(partials[other]);
    float sum_without_max = softmax.sum_below_max + (softmax.max_count - 1);
    float weight_scale = 1 / ((1 + sum_without_max) * candidates.pairs * temperature);
    statistics[4 * row + Maximum] = softmax.maximum;
    statistics[4 * row + WeightScale] = weight_scale;
    statistics[4 * row + TargetWeight] = -softmax.sum_without_target * weight_scale;
    losses[row] = log1pf(sum_without_max) - (target - softmax.maximum);
}

// Computes the cosines over τ, and the weights, of the pairs [start, end) of a row of h, one warp per pair. Anchor i is
// row i of h.
__device__ __forceinline__ void stream_weights(
    const Vectors& vectors, const float* norms, const float* statistics, const Candidates& candidates,
    float temperature, int row, int start, int end, float* cosines, float* weights)
{
    int pairs = candidates.pairs;
    bool is_anchor = row < pairs;
    for (int i = start + threadIdx.x / WarpSize; i < end; i += WarpsPerBlock)
    {
        int anchor = is_anchor ? row : i;
        int column = is_anchor ? i : row - pairs;
        float cosine = warp_cosine(vectors, norms, anchor, pairs + column) / temperature;
        if (threadIdx.x % WarpSize != 0) continue;
        cosines[i - start] = cosine;
        float exponent = cosine + candidates.bonus(anchor, column) - statistics[4 * anchor + Maximum];
        float weight = expf(exponent) * statistics[4 * anchor + WeightScale];
        if (anchor == column) weight = statistics[4 * anchor + TargetWeight];
        else if (candidates.excludes(anchor, column)) weight = 0;
        weights[i - start] = weight;
    }
}

// One block per row of h and 1024 of its columns, which registers hold.
extern "C" __global__ void __launch_bounds__(128) contrastive_streamgradient(
    const float* h, const float* queue, StepState state, const float* norms, const float* statistics,
    Candidates candidates, float temperature, float* dh, int columns)
{
    __shared__ float cosines[WarpSize];
    __shared__ float weights[WarpSize];
    int row = blockIdx.x;
    int first_column = blockIdx.y * StreamVectors * 4 * blockDim.x;
    int pairs = candidates.pairs;
    bool is_anchor = row < pairs;
    int count = is_anchor ? candidates.count(state) : pairs;
    Vectors vectors = {h, queue, candidates.h_rows, columns};
    float sum[StreamVectors][4] = {};
    float projection = 0;
    float inverse = inverse_norm(norms, row);
    for (int start = 0; start < count; start += WarpSize)
    {
        __syncthreads();
        int end = min(count, start + WarpSize);
        stream_weights(vectors, norms, statistics, candidates, temperature, row, start, end, cosines, weights);
        __syncthreads();
        for (int i = start; i < end; i++)
        {
            int other = is_anchor ? pairs + i : i;
            float scale = weights[i - start] * inverse_norm(norms, other);
            projection += weights[i - start] * cosines[i - start] * temperature;
#pragma unroll
            for (int v = 0; v < StreamVectors; v++)
            {
                int column = first_column + (v * blockDim.x + threadIdx.x) * 4;
                if (column >= columns) continue;
                float values[4];
                load(vectors[other] + column, values);
#pragma unroll
                for (int k = 0; k < 4; k++) sum[v][k] += scale * values[k];
            }
        }
    }
#pragma unroll
    for (int v = 0; v < StreamVectors; v++)
    {
        int column = first_column + (v * blockDim.x + threadIdx.x) * 4;
        if (column >= columns) continue;
        long long start = static_cast<long long>(row) * columns + column;
        store_dh(h + start, norms, row, projection, inverse, sum[v], dh + start);
    }
}

// The contrastive (InfoNCE) loss over batch and queue, and its gradient. h holds B anchors, then their B positives.
//
//   logit[i,j] = cos(h[i], h[B+j]) / τ for j < B;  logit[i,B+q] = cos(h[i], queue[q]) / τ;  norms clamped below at 1e-8
//   loss = mean over i of log1p(Σ over all j but the largest of e^(logit[i,j] - max)) - (logit[i,i] - max)
//   weight[i,j] = ∂loss / ∂cos(i,j) = (softmax[i,j] - [i = j]) / (B τ)
//   dh = (Σ weight · other / |other| - (Σ weight · cos) h / |h|) / |h|; the second term is 0 where |h| is clamped
//
// h, dh [2B,E]; queue [Q,E]; logits, weights [B,B+Q]; norms [2B+Q]; all fp32. No gradient flows into the queue. Only
// its first queue_count rows are filled; the others are not read.
//
// Norms: one warp per row. Logits: one warp per pair. Softmax: one block per row. Gradient: one block per row of h.
// Streaming, where B·(B+Q) logits do not fit in memory: one block per row reduces its softmax online, and the gradient
// computes the logits again. Every sum has a fixed order.
#include "common.cuh"
#include "stepstate.cuh"

constexpr float MinNorm = 1e-8f;
constexpr int WarpsPerBlock = 4;
constexpr int StreamVectors = 2;

__device__ __forceinline__ int filled_rows(int queue_rows, StepState state)
{
    return queue_rows > 0 ? state.counters->queue_count : 0;
}

// The rows of h, then those of the queue.
struct Vectors
{
    const float* h;
    const float* queue;
    int h_rows;
    int columns;

    __device__ __forceinline__ const float* operator[](int index) const
    {
        if (index < h_rows) return h + static_cast<long long>(index) * columns;
        return queue + static_cast<long long>(index - h_rows) * columns;
    }
};

__device__ __forceinline__ float inverse_norm(const float* norms, int index)
{
    return 1 / fmaxf(norms[index], MinNorm);
}

__device__ __forceinline__ float warp_dot(const float* a, const float* b, int columns)
{
    float sum = 0;
    float a_values[4];
    float b_values[4];
    for (int column = threadIdx.x % WarpSize * 4; column < columns; column += WarpSize * 4)
    {
        load(a + column, a_values);
        load(b + column, b_values);
#pragma unroll
        for (int i = 0; i < 4; i++) sum += a_values[i] * b_values[i];
    }
    return warp_sum(sum);
}

__device__ __forceinline__ float warp_cosine(const Vectors& vectors, const float* norms, int a, int b)
{
    float dot = warp_dot(vectors[a], vectors[b], vectors.columns);
    return dot * inverse_norm(norms, a) * inverse_norm(norms, b);
}

// dh from sum = Σ weight · other / |other| and projection = Σ weight · cos, for four columns of a row of h.
__device__ __forceinline__ void store_dh(
    const float* h, const float* norms, int row, float projection, float inverse, float (&sum)[4], float* dh)
{
    float h_values[4];
    load(h, h_values);
#pragma unroll
    for (int k = 0; k < 4; k++)
    {
        float radial = norms[row] < MinNorm ? 0.0f : projection * inverse * h_values[k];
        sum[k] = (sum[k] - radial) * inverse;
    }
    store(dh, sum);
}

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
    const float* h, const float* queue, StepState state, const float* norms, float temperature, float* logits,
    int pairs, int queue_rows, int columns)
{
    int row = blockIdx.y;
    int column = blockIdx.x * WarpsPerBlock + threadIdx.x / WarpSize;
    if (column >= pairs + filled_rows(queue_rows, state)) return;
    Vectors vectors = {h, queue, 2 * pairs, columns};
    float cosine = warp_cosine(vectors, norms, row, pairs + column);
    if (threadIdx.x % WarpSize != 0) return;
    logits[static_cast<long long>(row) * (pairs + queue_rows) + column] = cosine / temperature;
}

// A row's loss and weights. The target's weight is minus the sum of the others', which loses no digits.
extern "C" __global__ void __launch_bounds__(128) contrastive_softmax(
    const float* logits, StepState state, float temperature, float* weights, float* losses, int pairs, int queue_rows)
{
    __shared__ float scratch[WarpSize];
    int row = blockIdx.x;
    int count = pairs + filled_rows(queue_rows, state);
    const float* logit = logits + static_cast<long long>(row) * (pairs + queue_rows);
    float* weight = weights + static_cast<long long>(row) * (pairs + queue_rows);

    float maximum = -infinity();
    for (int j = threadIdx.x; j < count; j += blockDim.x) maximum = fmaxf(maximum, logit[j]);
    maximum = block_max(maximum, scratch);

    // Σ e^(logit - maximum) over all but one of the largest, and over all but the target
    float max_count = 0;
    float sum_without_max = 0;
    float sum_without_target = 0;
    for (int j = threadIdx.x; j < count; j += blockDim.x)
    {
        float e = expf(logit[j] - maximum);
        if (logit[j] == maximum) max_count += 1;
        else sum_without_max += e;
        if (j != row) sum_without_target += e;
    }
    max_count = block_sum(max_count, scratch);
    sum_without_max = block_sum(sum_without_max, scratch) + (max_count - 1);
    sum_without_target = block_sum(sum_without_target, scratch);

    float weight_scale = 1 / ((1 + sum_without_max) * pairs * temperature);
    for (int j = threadIdx.x; j < count; j += blockDim.x)
        weight[j] = j == row ? -sum_without_target * weight_scale : expf(logit[j] - maximum) * weight_scale;
    // A NaN is never the maximum: the sums propagate it.
    if (threadIdx.x == 0) losses[row] = log1pf(sum_without_max) - (logit[row] - maximum);
}

extern "C" __global__ void __launch_bounds__(32) contrastive_mean(const float* losses, StepState state, int pairs)
{
    double sum = 0;
    if (threadIdx.x != 0) return;
    for (int row = 0; row < pairs; row++) sum += losses[row];
    state.scalars->loss = static_cast<float>(sum / pairs);
}

extern "C" __global__ void __launch_bounds__(128) contrastive_gradient(
    const float* h, const float* queue, StepState state, const float* norms, const float* logits, const float* weights,
    float temperature, float* dh, int pairs, int queue_rows, int columns)
{
    int row = blockIdx.x;
    int stride = pairs + queue_rows;
    bool is_anchor = row < pairs;
    int count = is_anchor ? pairs + filled_rows(queue_rows, state) : pairs;
    float inverse = inverse_norm(norms, row);
    Vectors vectors = {h, queue, 2 * pairs, columns};
    for (int column = threadIdx.x * 4; column < columns; column += blockDim.x * 4)
    {
        float sum[4] = {};
        float projection = 0;
        float values[4];
        for (int i = 0; i < count; i++)
        {
            long long index = is_anchor
                ? static_cast<long long>(row) * stride + i
                : static_cast<long long>(i) * stride + (row - pairs);
            int other = is_anchor ? pairs + i : i;
            float scale = weights[index] * inverse_norm(norms, other);
            load(vectors[other] + column, values);
#pragma unroll
            for (int k = 0; k < 4; k++) sum[k] += scale * values[k];
            projection += weights[index] * logits[index] * temperature;
        }
        long long start = static_cast<long long>(row) * columns + column;
        store_dh(h + start, norms, row, projection, inverse, sum, dh + start);
    }
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
    const float* h, const float* queue, StepState state, const float* norms, float temperature,
    float* statistics, float* losses, int pairs, int queue_rows, int columns)
{
    __shared__ OnlineSoftmax partials[WarpsPerBlock];
    __shared__ float target;
    int row = blockIdx.x;
    int warp = threadIdx.x / WarpSize;
    int lane = threadIdx.x % WarpSize;
    int count = pairs + filled_rows(queue_rows, state);
    Vectors vectors = {h, queue, 2 * pairs, columns};

    // each warp reduces every fourth column
    OnlineSoftmax softmax = {-infinity(), 0, 0, 0};
    for (int column = warp; column < count; column += WarpsPerBlock)
    {
        float logit = warp_cosine(vectors, norms, row, pairs + column) / temperature;
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
    float weight_scale = 1 / ((1 + sum_without_max) * pairs * temperature);
    statistics[4 * row + Maximum] = softmax.maximum;
    statistics[4 * row + WeightScale] = weight_scale;
    statistics[4 * row + TargetWeight] = -softmax.sum_without_target * weight_scale;
    losses[row] = log1pf(sum_without_max) - (target - softmax.maximum);
}

// Computes the logits and weights of the pairs [start, end) of a row of h, one warp per pair. Anchor i is row i of h.
__device__ __forceinline__ void stream_weights(
    const Vectors& vectors, const float* norms, const float* statistics, float temperature, int pairs, int row,
    int start, int end, float* logits, float* weights)
{
    bool is_anchor = row < pairs;
    for (int i = start + threadIdx.x / WarpSize; i < end; i += WarpsPerBlock)
    {
        int anchor = is_anchor ? row : i;
        int column = is_anchor ? i : row - pairs;
        float logit = warp_cosine(vectors, norms, anchor, pairs + column) / temperature;
        if (threadIdx.x % WarpSize != 0) continue;
        logits[i - start] = logit;
        weights[i - start] = anchor == column
            ? statistics[4 * anchor + TargetWeight]
            : expf(logit - statistics[4 * anchor + Maximum]) * statistics[4 * anchor + WeightScale];
    }
}

// One block per row of h and 1024 of its columns, which registers hold.
extern "C" __global__ void __launch_bounds__(128) contrastive_streamgradient(
    const float* h, const float* queue, StepState state, const float* norms, const float* statistics,
    float temperature, float* dh, int pairs, int queue_rows, int columns)
{
    __shared__ float logits[WarpSize];
    __shared__ float weights[WarpSize];
    int row = blockIdx.x;
    int first_column = blockIdx.y * StreamVectors * 4 * blockDim.x;
    bool is_anchor = row < pairs;
    int count = is_anchor ? pairs + filled_rows(queue_rows, state) : pairs;
    Vectors vectors = {h, queue, 2 * pairs, columns};
    float sum[StreamVectors][4] = {};
    float projection = 0;
    float inverse = inverse_norm(norms, row);
    for (int start = 0; start < count; start += WarpSize)
    {
        __syncthreads();
        int end = min(count, start + WarpSize);
        stream_weights(vectors, norms, statistics, temperature, pairs, row, start, end, logits, weights);
        __syncthreads();
        for (int i = start; i < end; i++)
        {
            int other = is_anchor ? pairs + i : i;
            float scale = weights[i - start] * inverse_norm(norms, other);
            projection += weights[i - start] * logits[i - start] * temperature;
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

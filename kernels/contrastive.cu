// The loss of contrastive learning over batch and queue, and its gradient.
//
//   l[i,j] = cos(h[i], h[B+j]) / τ for j < B, l[i,B+q] = cos(h[i], queue[q]) / τ for the rows that the queue holds; norms clamped below at 1e-8
//   loss = mean over i of log1p(Σ over all but the largest of e^(l - max)) - (l[i,i] - max)
//   dh = (Σ weight · other / |other| - share along h) / |h|, no gradient through a clamped norm nor into the queue
//
// h, dh [2B,E]; queue [Q,E]; logits, weights [B,B+Q]; norms [2B+Q]; all fp32. queue_count rows of the queue are held; the others are not touched.
// Norms: a warp a row. Logits: a warp a pair. Softmax: a block a row. Gradient: a block a row of h. Every sum has a fixed order. Streaming, where logits are too many to
// be held: a block a row sums up its softmax over cosines that it keeps for no longer, and the gradient computes them again.
#include "common.cuh"
#include "stepstate.cuh"

constexpr float SmallestNorm = 1e-8f;
constexpr int WarpsPerBlock = 4, StreamVectors = 2;

__device__ __forceinline__ const float* vector(const float* h, const float* queue, int rows, int index, int columns)
{
    return index < rows ? h + static_cast<long long>(index) * columns : queue + static_cast<long long>(index - rows) * columns;
}

__device__ __forceinline__ float inverse_norm(const float* norms, int index) { return 1 / fmaxf(norms[index], SmallestNorm); }

__device__ __forceinline__ float warp_dot(const float* a, const float* b, int columns)
{
    float sum = 0, x[4], y[4];
    for (int column = threadIdx.x % WarpSize * 4; column < columns; column += WarpSize * 4)
    {
        load(a + column, x);
        load(b + column, y);
#pragma unroll
        for (int i = 0; i < 4; i++) sum += x[i] * y[i];
    }
    return warp_sum(sum);
}

extern "C" __global__ void __launch_bounds__(128) contrastive_norms(const float* h, const float* queue, StepState state, float* norms, int rows, int queue_rows, int columns)
{
    int index = blockIdx.x * WarpsPerBlock + threadIdx.x / WarpSize, held = queue_rows > 0 ? state.counters->queue_count : 0;
    if (index >= rows + held) return;
    const float* row = vector(h, queue, rows, index, columns);
    float norm = sqrtf(warp_dot(row, row, columns));
    if (threadIdx.x % WarpSize == 0) norms[index] = norm;
}

extern "C" __global__ void __launch_bounds__(128) contrastive_logits(const float* h, const float* queue, StepState state, const float* norms, float temperature, float* logits,
    int pairs, int queue_rows, int columns)
{
    int row = blockIdx.y, column = blockIdx.x * WarpsPerBlock + threadIdx.x / WarpSize, held = queue_rows > 0 ? state.counters->queue_count : 0;
    if (column >= pairs + held) return;
    int other = pairs + column;
    float cosine = warp_dot(vector(h, queue, 2 * pairs, row, columns), vector(h, queue, 2 * pairs, other, columns), columns) * inverse_norm(norms, row) * inverse_norm(norms, other);
    if (threadIdx.x % WarpSize == 0) logits[static_cast<long long>(row) * (pairs + queue_rows) + column] = cosine / temperature;
}

// A row's loss, and the gradient of the mean loss by the row's cosines: softmax / (B τ), at the target minus the others' sum, which keeps its digits.
extern "C" __global__ void __launch_bounds__(128) contrastive_softmax(const float* logits, StepState state, float temperature, float* weights, float* losses, int pairs, int queue_rows)
{
    __shared__ float scratch[WarpSize];
    int row = blockIdx.x, count = pairs + (queue_rows > 0 ? state.counters->queue_count : 0);
    const float* logit = logits + static_cast<long long>(row) * (pairs + queue_rows);
    float* weight = weights + static_cast<long long>(row) * (pairs + queue_rows);
    float largest = __uint_as_float(0xff800000u), ties = 0, others = 0, rest = 0;
    for (int j = threadIdx.x; j < count; j += blockDim.x) largest = fmaxf(largest, logit[j]);
    largest = block_max(largest, scratch);
    for (int j = threadIdx.x; j < count; j += blockDim.x)
    {
        float e = expf(logit[j] - largest);
        if (logit[j] == largest) ties += 1;
        else others += e;
        if (j != row) rest += e;
    }
    ties = block_sum(ties, scratch);
    others = block_sum(others, scratch) + (ties - 1);
    rest = block_sum(rest, scratch);
    float share = 1 / ((1 + others) * pairs * temperature);
    for (int j = threadIdx.x; j < count; j += blockDim.x) weight[j] = j == row ? -rest * share : expf(logit[j] - largest) * share;
    // A NaN is never the largest: the sums carry it on.
    if (threadIdx.x == 0) losses[row] = log1pf(others) - (logit[row] - largest);
}

extern "C" __global__ void __launch_bounds__(32) contrastive_mean(const float* losses, StepState state, int pairs)
{
    double sum = 0;
    if (threadIdx.x != 0) return;
    for (int row = 0; row < pairs; row++) sum += losses[row];
    state.scalars->loss = static_cast<float>(sum / pairs);
}

extern "C" __global__ void __launch_bounds__(128) contrastive_gradient(const float* h, const float* queue, StepState state, const float* norms, const float* logits, const float* weights,
    float temperature, float* dh, int pairs, int queue_rows, int columns)
{
    int index = blockIdx.x, stride = pairs + queue_rows, count = index < pairs ? pairs + (queue_rows > 0 ? state.counters->queue_count : 0) : pairs;
    bool first = index < pairs;
    float inverse = inverse_norm(norms, index);
    for (int column = threadIdx.x * 4; column < columns; column += blockDim.x * 4)
    {
        float sum[4] = {}, along = 0, values[4];
        for (int i = 0; i < count; i++)
        {
            long long place = first ? static_cast<long long>(index) * stride + i : static_cast<long long>(i) * stride + (index - pairs);
            int other = first ? pairs + i : i;
            float scale = weights[place] * inverse_norm(norms, other);
            load(vector(h, queue, 2 * pairs, other, columns) + column, values);
#pragma unroll
            for (int k = 0; k < 4; k++) sum[k] += scale * values[k];
            along += weights[place] * logits[place] * temperature;
        }
        load(h + static_cast<long long>(index) * columns + column, values);
#pragma unroll
        for (int k = 0; k < 4; k++) sum[k] = (sum[k] - (norms[index] < SmallestNorm ? 0.0f : along * inverse * values[k])) * inverse;
        store(dh + static_cast<long long>(index) * columns + column, sum);
    }
}

// What a row's softmax needs, of some columns: the largest logit, how often it occurs, Σ e^(l - largest) over the smaller ones, and over all but the target.
struct RowSum
{
    float largest, ties, others, rest;

    __device__ __forceinline__ void add(const RowSum& more)
    {
        if (more.largest > largest)
        {
            float shrink = expf(largest - more.largest);
            others = more.others + (others + ties) * shrink;
            rest = more.rest + rest * shrink;
            ties = more.ties;
            largest = more.largest;
            return;
        }
        // A NaN is never the largest: the sums carry it on.
        float shrink = expf(more.largest - largest);
        bool equal = more.largest == largest;
        others += more.others * shrink + (equal ? 0.0f : more.ties * shrink);
        rest += more.rest * shrink;
        ties += equal ? more.ties : 0.0f;
    }
};

__device__ __forceinline__ float logit_of(const float* h, const float* queue, const float* norms, int pairs, int row, int column, int columns, float temperature)
{
    return warp_dot(vector(h, queue, 2 * pairs, row, columns), vector(h, queue, 2 * pairs, pairs + column, columns), columns) * inverse_norm(norms, row) * inverse_norm(norms, pairs + column) / temperature;
}

// statistics [B,4]: the largest logit, what turns e^(l - largest) into a weight, the target's weight; the fourth is not used.
extern "C" __global__ void __launch_bounds__(128) contrastive_stream(const float* h, const float* queue, StepState state, const float* norms, float temperature, float* statistics, float* losses,
    int pairs, int queue_rows, int columns)
{
    __shared__ RowSum sums[WarpsPerBlock];
    __shared__ float target;
    int row = blockIdx.x, warp = threadIdx.x / WarpSize, lane = threadIdx.x % WarpSize, count = pairs + (queue_rows > 0 ? state.counters->queue_count : 0);
    RowSum sum = {__uint_as_float(0xff800000u), 0, 0, 0};
    for (int column = warp; column < count; column += WarpsPerBlock)
    {
        float logit = logit_of(h, queue, norms, pairs, row, column, columns, temperature);
        if (column == row && lane == 0) target = logit;
        // The first of a warp has nothing to be compared with: e^(-inf + inf) is no number.
        RowSum one = {logit, 1, 0, column == row ? 0.0f : 1.0f};
        if (column == warp) sum = one;
        else sum.add(one);
    }
    if (lane == 0) sums[warp] = sum;
    __syncthreads();
    if (threadIdx.x != 0) return;
    for (int other = 1; other < min(WarpsPerBlock, count); other++) sum.add(sums[other]);
    float others = sum.others + (sum.ties - 1), share = 1 / ((1 + others) * pairs * temperature);
    statistics[4 * row] = sum.largest;
    statistics[4 * row + 1] = share;
    statistics[4 * row + 2] = -sum.rest * share;
    losses[row] = log1pf(others) - (target - sum.largest);
}

// A block a row and 1024 of its columns, which the registers hold.
extern "C" __global__ void __launch_bounds__(128) contrastive_streamgradient(const float* h, const float* queue, StepState state, const float* norms, const float* statistics, float temperature, float* dh,
    int pairs, int queue_rows, int columns)
{
    __shared__ float logits[WarpSize], weights[WarpSize];
    int index = blockIdx.x, block = blockIdx.y * StreamVectors * 4 * blockDim.x, warp = threadIdx.x / WarpSize, lane = threadIdx.x % WarpSize;
    bool first = index < pairs;
    int count = first ? pairs + (queue_rows > 0 ? state.counters->queue_count : 0) : pairs;
    float sum[StreamVectors][4] = {}, along = 0, values[4], inverse = inverse_norm(norms, index);
    for (int start = 0; start < count; start += WarpSize)
    {
        __syncthreads();
        for (int i = start + warp; i < min(count, start + WarpSize); i += WarpsPerBlock)
        {
            int row = first ? index : i, column = first ? i : index - pairs;
            float logit = logit_of(h, queue, norms, pairs, row, column, columns, temperature);
            if (lane != 0) continue;
            logits[i - start] = logit;
            weights[i - start] = row == column ? statistics[4 * row + 2] : expf(logit - statistics[4 * row]) * statistics[4 * row + 1];
        }
        __syncthreads();
        for (int i = start; i < min(count, start + WarpSize); i++)
        {
            int other = first ? pairs + i : i;
            float scale = weights[i - start] * inverse_norm(norms, other);
            along += weights[i - start] * logits[i - start] * temperature;
#pragma unroll
            for (int v = 0; v < StreamVectors; v++)
            {
                int column = block + (v * blockDim.x + threadIdx.x) * 4;
                if (column >= columns) continue;
                load(vector(h, queue, 2 * pairs, other, columns) + column, values);
#pragma unroll
                for (int k = 0; k < 4; k++) sum[v][k] += scale * values[k];
            }
        }
    }
#pragma unroll
    for (int v = 0; v < StreamVectors; v++)
    {
        int column = block + (v * blockDim.x + threadIdx.x) * 4;
        if (column >= columns) continue;
        load(h + static_cast<long long>(index) * columns + column, values);
#pragma unroll
        for (int k = 0; k < 4; k++) sum[v][k] = (sum[v][k] - (norms[index] < SmallestNorm ? 0.0f : along * inverse * values[k])) * inverse;
        store(dh + static_cast<long long>(index) * columns + column, sum[v]);
    }
}

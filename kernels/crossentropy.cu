// The mean cross-entropy of rows of logits with labels, its gradient, and that of the logits' bias.
//
//   loss[i] = log1p(Σ over all v but the largest of e^(logit[i,v] - max)) + (max - logit[i,label[i]])
//   masked_language_loss += Σ loss / count;  loss += weight · Σ loss / count
//   dlogits[i,v] = weight / count · (softmax[i,v] - [v = label[i]]);  dbias[v] += Σ over i of dlogits[i,v]
//
// logits fp32 [N,V]; dlogits [N,V] of any type, may be logits; losses, labels [N]: a row of label -1 has no loss and no
// gradient. V is any number, so that rows are not aligned: elements are read one by one.
//
// Rows: one block per row. Mean: one warp. Bias: one block per 32 columns, whose warps share the rows. Every sum has a
// fixed order.
#include "softmax.cuh"
#include "stepstate.cuh"

constexpr int RowThreads = 512;
constexpr int BiasWarps = 8;

template <class T>
__device__ __forceinline__ void row_loss(
    const float* logits, const int* labels, const int* count, float weight, float* losses, T* dlogits, int columns)
{
    __shared__ float scratch[WarpSize];
    long long row = blockIdx.x;
    const float* logit = logits + row * columns;
    T* dlogit = dlogits + row * columns;
    int label = labels[row];
    if (label < 0)
    {
        for (int v = threadIdx.x; v < columns; v += RowThreads) dlogit[v] = from_float<T>(0);
        if (threadIdx.x == 0) losses[row] = 0;
        return;
    }

    SoftmaxSums sums = softmax_sums<RowThreads>(logit, columns, label, scratch);
    float distance = sums.maximum - logit[label];
    // The label's logit is read above by every thread and may be overwritten below.
    __syncthreads();

    float scale = weight / *count / (1 + sums.without_max);
    for (int v = threadIdx.x; v < columns; v += RowThreads)
    {
        float gradient = v == label ? -sums.without_target : expf(logit[v] - sums.maximum);
        dlogit[v] = from_float<T>(gradient * scale);
    }
    if (threadIdx.x == 0) losses[row] = log1pf(sums.without_max) + distance;
}

extern "C" __global__ void __launch_bounds__(32) crossentropy_mean(
    const float* losses, const int* count, float weight, StepState state, int rows)
{
    double sum = total_loss(losses, rows);
    if (threadIdx.x != 0) return;
    float mean = static_cast<float>(sum / max(1, *count));
    state.scalars->masked_language_loss += mean;
    state.scalars->loss += weight * mean;
}

template <class T>
__device__ __forceinline__ void bias_gradient(const T* dlogits, float* dbias, int rows, int columns)
{
    __shared__ float sums[BiasWarps][WarpSize];
    int lane = threadIdx.x % WarpSize;
    int warp = threadIdx.x / WarpSize;
    int column = blockIdx.x * WarpSize + lane;
    float sum = 0;
    if (column < columns)
    {
#pragma unroll 8
        for (int row = warp; row < rows; row += BiasWarps)
            sum += to_float(dlogits[static_cast<long long>(row) * columns + column]);
    }
    sums[warp][lane] = sum;
    __syncthreads();
    if (warp != 0 || column >= columns) return;
    for (int other = 1; other < BiasWarps; other++) sum += sums[other][lane];
    dbias[column] += sum;
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(RowThreads) crossentropy_rows_##name( \
        const float* logits, const int* labels, const int* count, float weight, float* losses, T* dlogits, \
        int columns) \
    { \
        row_loss<T>(logits, labels, count, weight, losses, dlogits, columns); \
    } \
    extern "C" __global__ void __launch_bounds__(BiasWarps * WarpSize) crossentropy_bias_##name( \
        const T* dlogits, float* dbias, int rows, int columns) \
    { \
        bias_gradient<T>(dlogits, dbias, rows, columns); \
    }
FOR_EACH_TYPE(ENTRY)

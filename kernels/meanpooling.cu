// y[s] = scale · mean of x over the tokens of s, or y[s] += that; dx[t] = scale · dy[s] / length of s, or dx[t] += that. x, dx [T,H], y, dy fp32 [S,H].
// One block a sentence; a thread adds a vector of columns up in the order of the tokens. Backward, a last block writes zeros to the rows that belong to no sentence,
// unless gradients are added.
#include "common.cuh"

template <class T> __device__ __forceinline__ void forward(const T* x, const int* offsets, float scale, int accumulate, float* y, int columns)
{
    constexpr int N = Vector<T>::Length;
    int first = offsets[blockIdx.x], end = offsets[blockIdx.x + 1];
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float sum[N] = {}, value[N];
        for (int row = first; row < end; row++)
        {
            load(x + static_cast<long long>(row) * columns + column, value);
#pragma unroll
            for (int i = 0; i < N; i++) sum[i] += value[i];
        }
        float* target = y + static_cast<long long>(blockIdx.x) * columns + column;
        if (accumulate) load_wide(target, value);
#pragma unroll
        for (int i = 0; i < N; i++) sum[i] = (accumulate ? value[i] : 0.0f) + sum[i] * (scale / (end - first));
        store_wide(target, sum);
    }
}

template <class T> __device__ __forceinline__ void backward(const float* dy, const int* offsets, float scale, int accumulate, T* dx, int tokens, int columns)
{
    constexpr int N = Vector<T>::Length;
    bool tail = blockIdx.x == gridDim.x - 1;
    int first = offsets[blockIdx.x], end = tail ? tokens : offsets[blockIdx.x + 1];
    if (tail && accumulate) return;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float slope[N];
        if (!tail) load_wide(dy + static_cast<long long>(blockIdx.x) * columns + column, slope);
#pragma unroll
        for (int i = 0; i < N; i++) slope[i] = tail ? 0.0f : slope[i] * (scale / (end - first));
        for (int row = first; row < end; row++)
        {
            T* target = dx + static_cast<long long>(row) * columns + column;
            float sum[N];
            if (accumulate) load(target, sum);
#pragma unroll
            for (int i = 0; i < N; i++) sum[i] = (accumulate ? sum[i] : 0.0f) + slope[i];
            store(target, sum);
        }
    }
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128) meanpooling_forward_##name(const T* x, const int* offsets, float scale, int accumulate, float* y, int columns) \
    { \
        forward<T>(x, offsets, scale, accumulate, y, columns); \
    } \
    extern "C" __global__ void __launch_bounds__(128) meanpooling_backward_##name(const float* dy, const int* offsets, float scale, int accumulate, T* dx, int tokens, int columns) \
    { \
        backward<T>(dy, offsets, scale, accumulate, dx, tokens, columns); \
    }
FOR_EACH_TYPE(ENTRY)

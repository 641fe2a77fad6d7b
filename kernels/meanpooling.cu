// y[s] = scale · mean of x over the tokens of s; dx[t] = scale · dy[s] / length of s. With accumulate, both are added
// (+=). x, dx [T,H]; y, dy fp32 [S,H]. One block per sentence; each thread sums a vector of columns in the order of the
// tokens. Backward, one more block zeroes the rows after the last sentence, unless gradients are added.
#include "common.cuh"

template <class T>
__device__ __forceinline__ void forward(
    const T* x, const int* offsets, float scale, int accumulate, float* y, int columns)
{
    constexpr int N = Vector<T>::Length;
    uint32_t sentence = blockIdx.x;
    int first = offsets[sentence];
    int end = offsets[sentence + 1];
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float sum[N] = {};
        float values[N];
        for (int row = first; row < end; row++)
        {
            load(x + static_cast<long long>(row) * columns + column, values);
#pragma unroll
            for (int i = 0; i < N; i++) sum[i] += values[i];
        }
        float* target = y + static_cast<long long>(sentence) * columns + column;
        if (accumulate) load_wide(target, values);
#pragma unroll
        for (int i = 0; i < N; i++) sum[i] = (accumulate ? values[i] : 0.0f) + sum[i] * (scale / (end - first));
        store_wide(target, sum);
    }
}

template <class T>
__device__ __forceinline__ void backward(
    const float* dy, const int* offsets, float scale, int accumulate, T* dx, int tokens, int columns)
{
    constexpr int N = Vector<T>::Length;
    uint32_t sentence = blockIdx.x;
    bool is_padding = sentence == gridDim.x - 1;
    int first = offsets[sentence];
    int end = is_padding ? tokens : offsets[sentence + 1];
    if (is_padding && accumulate) return;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float gradient[N];
        if (!is_padding) load_wide(dy + static_cast<long long>(sentence) * columns + column, gradient);
#pragma unroll
        for (int i = 0; i < N; i++) gradient[i] = is_padding ? 0.0f : gradient[i] * (scale / (end - first));
        for (int row = first; row < end; row++)
        {
            T* target = dx + static_cast<long long>(row) * columns + column;
            float dx_values[N];
            if (accumulate) load(target, dx_values);
#pragma unroll
            for (int i = 0; i < N; i++) dx_values[i] = (accumulate ? dx_values[i] : 0.0f) + gradient[i];
            store(target, dx_values);
        }
    }
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128) meanpooling_forward_##name( \
        const T* x, const int* offsets, float scale, int accumulate, float* y, int columns) \
    { \
        forward<T>(x, offsets, scale, accumulate, y, columns); \
    } \
    extern "C" __global__ void __launch_bounds__(128) meanpooling_backward_##name( \
        const float* dy, const int* offsets, float scale, int accumulate, T* dx, int tokens, int columns) \
    { \
        backward<T>(dy, offsets, scale, accumulate, dx, tokens, columns); \
    }
FOR_EACH_TYPE(ENTRY)

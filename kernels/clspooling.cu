// y[s] = x[offsets[s]]; dx[offsets[s]] += dy[s], the other rows of dx are unchanged.
// x, dx [T,H]; y, dy [S,H]. One block per sentence.
#include "common.cuh"

template <class T> __device__ __forceinline__ void forward(const T* x, const int* offsets, T* y, int columns)
{
    constexpr int N = Vector<T>::Length;
    uint32_t sentence = blockIdx.x;
    long long x_row = static_cast<long long>(offsets[sentence]) * columns;
    long long y_row = static_cast<long long>(sentence) * columns;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
        *reinterpret_cast<uint4*>(y + y_row + column) = *reinterpret_cast<const uint4*>(x + x_row + column);
}

template <class T> __device__ __forceinline__ void backward(const T* dy, const int* offsets, T* dx, int columns)
{
    constexpr int N = Vector<T>::Length;
    uint32_t sentence = blockIdx.x;
    long long dx_row = static_cast<long long>(offsets[sentence]) * columns;
    long long dy_row = static_cast<long long>(sentence) * columns;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float dy_values[N];
        float dx_values[N];
        load(dy + dy_row + column, dy_values);
        load(dx + dx_row + column, dx_values);
#pragma unroll
        for (int i = 0; i < N; i++) dx_values[i] += dy_values[i];
        store(dx + dx_row + column, dx_values);
    }
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128) clspooling_forward_##name( \
        const T* x, const int* offsets, T* y, int columns) \
    { \
        forward<T>(x, offsets, y, columns); \
    } \
    extern "C" __global__ void __launch_bounds__(128) clspooling_backward_##name( \
        const T* dy, const int* offsets, T* dx, int columns) \
    { \
        backward<T>(dy, offsets, dx, columns); \
    }
FOR_EACH_TYPE(ENTRY)

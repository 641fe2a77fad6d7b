// y[s] = x[offsets[s]]; dx[offsets[s]] += dy[s], the other rows of dx stay. x, dx [T,H], y, dy [S,H]. One block a sentence.
#include "common.cuh"

template <class T> __device__ __forceinline__ void forward(const T* x, const int* offsets, T* y, int columns)
{
    constexpr int N = Vector<T>::Length;
    long long source = static_cast<long long>(offsets[blockIdx.x]) * columns, target = static_cast<long long>(blockIdx.x) * columns;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
        *reinterpret_cast<uint4*>(y + target + column) = *reinterpret_cast<const uint4*>(x + source + column);
}

template <class T> __device__ __forceinline__ void backward(const T* dy, const int* offsets, T* dx, int columns)
{
    constexpr int N = Vector<T>::Length;
    long long target = static_cast<long long>(offsets[blockIdx.x]) * columns, source = static_cast<long long>(blockIdx.x) * columns;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float slope[N], sum[N];
        load(dy + source + column, slope);
        load(dx + target + column, sum);
#pragma unroll
        for (int i = 0; i < N; i++) sum[i] += slope[i];
        store(dx + target + column, sum);
    }
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128) clspooling_forward_##name(const T* x, const int* offsets, T* y, int columns) { forward<T>(x, offsets, y, columns); } \
    extern "C" __global__ void __launch_bounds__(128) clspooling_backward_##name(const T* dy, const int* offsets, T* dx, int columns) { backward<T>(dy, offsets, dx, columns); }
FOR_EACH_TYPE(ENTRY)

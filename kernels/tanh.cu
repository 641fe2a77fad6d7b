// y = tanh x; dx = dy (1 - y²). Vectors of 16 bytes, any shape; y may be x, dx may be dy. One thread per vector.
#include "common.cuh"

template <class T> __device__ __forceinline__ void forward(const T* x, T* y, long long vectors)
{
    constexpr int N = Vector<T>::Length;
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= vectors) return;
    float x_values[N];
    float y_values[N];
    load(x + i * N, x_values);
#pragma unroll
    for (int k = 0; k < N; k++) y_values[k] = tanhf(x_values[k]);
    store(y + i * N, y_values);
}

template <class T> __device__ __forceinline__ void backward(const T* dy, const T* y, T* dx, long long vectors)
{
    constexpr int N = Vector<T>::Length;
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= vectors) return;
    float y_values[N];
    float dy_values[N];
    float dx_values[N];
    load(y + i * N, y_values);
    load(dy + i * N, dy_values);
#pragma unroll
    for (int k = 0; k < N; k++) dx_values[k] = dy_values[k] * (1 - y_values[k] * y_values[k]);
    store(dx + i * N, dx_values);
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(256) tanh_forward_##name(const T* x, T* y, long long vectors) \
    { \
        forward<T>(x, y, vectors); \
    } \
    extern "C" __global__ void __launch_bounds__(256) tanh_backward_##name( \
        const T* dy, const T* y, T* dx, long long vectors) \
    { \
        backward<T>(dy, y, dx, vectors); \
    }
FOR_EACH_TYPE(ENTRY)

// y = tanh x; dx = dy (1 - y²). Vectors of 16 bytes, any shape; y may be x, dx may be dy. One thread a vector.
#include "common.cuh"

template <class T> __device__ __forceinline__ void forward(const T* x, T* y, long long vectors)
{
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= vectors) return;
    constexpr int N = Vector<T>::Length;
    float values[N];
    load(x + i * N, values);
#pragma unroll
    for (int k = 0; k < N; k++) values[k] = tanhf(values[k]);
    store(y + i * N, values);
}

template <class T> __device__ __forceinline__ void backward(const T* dy, const T* y, T* dx, long long vectors)
{
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= vectors) return;
    constexpr int N = Vector<T>::Length;
    float values[N], slopes[N];
    load(y + i * N, values);
    load(dy + i * N, slopes);
#pragma unroll
    for (int k = 0; k < N; k++) slopes[k] *= 1 - values[k] * values[k];
    store(dx + i * N, slopes);
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(256) tanh_forward_##name(const T* x, T* y, long long vectors) { forward<T>(x, y, vectors); } \
    extern "C" __global__ void __launch_bounds__(256) tanh_backward_##name(const T* dy, const T* y, T* dx, long long vectors) { backward<T>(dy, y, dx, vectors); }
FOR_EACH_TYPE(ENTRY)

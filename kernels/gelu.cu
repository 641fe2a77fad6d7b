// GELU in the exact form that BERT uses.
//
//   y  = x Φ(x)                  Φ(x) = ½ (1 + erf(x / √2))
//   dx = dy (Φ(x) + x φ(x))      φ(x) = exp(-x² / 2) / √(2π)
//
// x, y, dx, dy: vectors of 16 bytes, any shape; y may be x, dx may be dy. One thread per vector.
#include "common.cuh"

__device__ __forceinline__ float normal_cdf(float x) { return 0.5f * erfcf(-x * 0.70710678f); }
__device__ __forceinline__ float normal_pdf(float x) { return 0.39894228f * expf(-0.5f * x * x); }

template <class T> __device__ __forceinline__ void forward(const T* x, T* y, long long vectors)
{
    constexpr int N = Vector<T>::Length;
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= vectors) return;
    float x_values[N];
    float y_values[N];
    load(x + i * N, x_values);
#pragma unroll
    for (int k = 0; k < N; k++) y_values[k] = x_values[k] * normal_cdf(x_values[k]);
    store(y + i * N, y_values);
}

template <class T> __device__ __forceinline__ void backward(const T* dy, const T* x, T* dx, long long vectors)
{
    constexpr int N = Vector<T>::Length;
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= vectors) return;
    float x_values[N];
    float dy_values[N];
    float dx_values[N];
    load(x + i * N, x_values);
    load(dy + i * N, dy_values);
#pragma unroll
    for (int k = 0; k < N; k++)
        dx_values[k] = dy_values[k] * (normal_cdf(x_values[k]) + x_values[k] * normal_pdf(x_values[k]));
    store(dx + i * N, dx_values);
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(256) gelu_forward_##name(const T* x, T* y, long long vectors) \
    { \
        forward<T>(x, y, vectors); \
    } \
    extern "C" __global__ void __launch_bounds__(256) gelu_backward_##name( \
        const T* dy, const T* x, T* dx, long long vectors) \
    { \
        backward<T>(dy, x, dx, vectors); \
    }
FOR_EACH_TYPE(ENTRY)

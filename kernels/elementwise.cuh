// The loops of functions of one element: y = F::forward(x); dx = F::backward(dy, saved), saved being the x or the y of
// the forward pass. Vectors of 16 bytes, any shape; y may be x, dx may be dy. One thread per vector.
#pragma once
#include "common.cuh"

template <class F, class T> __device__ __forceinline__ void forward(const T* x, T* y, long long vectors)
{
    constexpr int N = Vector<T>::Length;
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= vectors) return;
    float x_values[N];
    float y_values[N];
    load(x + i * N, x_values);
#pragma unroll
    for (int k = 0; k < N; k++) y_values[k] = F::forward(x_values[k]);
    store(y + i * N, y_values);
}

template <class F, class T>
__device__ __forceinline__ void backward(const T* dy, const T* saved, T* dx, long long vectors)
{
    constexpr int N = Vector<T>::Length;
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= vectors) return;
    float saved_values[N];
    float dy_values[N];
    float dx_values[N];
    load(saved + i * N, saved_values);
    load(dy + i * N, dy_values);
#pragma unroll
    for (int k = 0; k < N; k++) dx_values[k] = F::backward(dy_values[k], saved_values[k]);
    store(dx + i * N, dx_values);
}

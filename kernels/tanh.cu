// y = tanh x; dx = dy (1 - y²). Vectors of 16 bytes, any shape; y may be x, dx may be dy. One thread per vector.
#include "elementwise.cuh"

struct Tanh
{
    static __device__ __forceinline__ float forward(float x) { return tanhf(x); }
    static __device__ __forceinline__ float backward(float dy, float y) { return dy * (1 - y * y); }
};

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(256) tanh_forward_##name(const T* x, T* y, long long vectors) \
    { \
        forward<Tanh, T>(x, y, vectors); \
    } \
    extern "C" __global__ void __launch_bounds__(256) tanh_backward_##name( \
        const T* dy, const T* y, T* dx, long long vectors) \
    { \
        backward<Tanh, T>(dy, y, dx, vectors); \
    }
FOR_EACH_TYPE(ENTRY)

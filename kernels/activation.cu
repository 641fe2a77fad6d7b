// Activation functions, element by element. σ(x) = 1 / (1 + exp(-x)).
//
//   gelu       y = x Φ(x)             dx = dy (Φ(x) + x φ(x))
//              Φ(x) = ½ (1 + erf(x / √2)), φ(x) = exp(-x² / 2) / √(2π): the exact form, BERT's
//   gelutanh   y = ½ x (1 + tanh u)   dx = dy (σ(2u) + x 2u' σ'(2u))
//              u = √(2/π) (x + 0.044715 x³); ½ (1 + tanh u) = σ(2u)
//   relu       y = max(x, 0)          dx = dy where x > 0, else 0; NaN remains NaN
//   tanh       y = tanh x             dx = dy (1 - tanh² x) = 4 dy σ'(2x)
//   sigmoid    y = σ(x)               dx = dy σ'(x), σ'(x) = σ(x) σ(-x)
//
// x, y: vectors of 16 bytes, any shape; y may be x. One thread per vector.
// dx, dy [M,N]; dx may be dy or x. partials, optional, [parts, N] receives the sums of dx over SumRowsPerPart rows
// each, for the gradient of the bias before the activation; linear_reduce adds up the parts.
#include "approximations.cuh"
#include "elementwise.cuh"
#include "sums.cuh"

__device__ __forceinline__ float normal_cdf(float x) { return 0.5f * erfcf(-x * 0.70710678f); }
__device__ __forceinline__ float normal_pdf(float x) { return 0.39894228f * expf(-0.5f * x * x); }

// From exp(-|x|): nothing overflows, and small values keep their digits.
__device__ __forceinline__ float sigmoid(float x)
{
    float e = expf(-fabsf(x));
    return (x < 0 ? e : 1.0f) / (1.0f + e);
}

__device__ __forceinline__ float sigmoid_slope(float x)
{
    float e = expf(-fabsf(x));
    return e / ((1.0f + e) * (1.0f + e));
}

// Φ(x) and exp(-x² / 2), to 4e-6 of Φ, for results in 16 bits. With z = |x|, t = 1 / (1 + 0.3 z):
// Φ(-z) = t (c₁ + c₂ t + … + c₆ t⁵) exp(-z² / 2), the coefficients of the least largest relative error up to z = 10.
struct FastNormal
{
    float bell;
    float cdf;

    __device__ __forceinline__ explicit FastNormal(float x)
    {
        float z = fabsf(x);
        float t = reciprocal_approx(1.0f + 0.3f * z);
        // exp(-x² / 4), which is flushed to 0 only where its square is 0
        float root = exp2_approx(-0.36067376f * (x * x));
        bell = root * root;
        float sum = -0.080746764f;
        sum = sum * t + 0.227194307f;
        sum = sum * t - 0.029977180f;
        sum = sum * t + 0.151420636f;
        sum = sum * t + 0.111849731f;
        sum = sum * t + 0.120260820f;
        float tail = sum * t * bell;
        cdf = x < 0 ? tail : 1.0f - tail;
    }
};

template <class T> struct Gelu
{
    static __device__ __forceinline__ float forward(float x) { return x * FastNormal(x).cdf; }
    static __device__ __forceinline__ float backward(float dy, float x)
    {
        FastNormal normal(x);
        return dy * (normal.cdf + x * (0.39894228f * normal.bell));
    }
};

template <> struct Gelu<float>
{
    static __device__ __forceinline__ float forward(float x) { return x * normal_cdf(x); }
    static __device__ __forceinline__ float backward(float dy, float x)
    {
        return dy * (normal_cdf(x) + x * normal_pdf(x));
    }
};

struct GeluTanh
{
    // 2u, u / x = √(2/π) (1 + 0.044715 x²).
    static __device__ __forceinline__ float twice_u(float x, float square)
    {
        return 1.59576912f * x * (1.0f + 0.044715f * square);
    }
    static __device__ __forceinline__ float forward(float x) { return x * sigmoid(twice_u(x, x * x)); }
    static __device__ __forceinline__ float backward(float dy, float x)
    {
        // From x² = 128 on σ' is 0 in fp32; the slope of u, which it multiplies, must not overflow.
        float square = fminf(x * x, 128.0f);
        float z = twice_u(x, square);
        float slope = 1.59576912f * (1.0f + 3.0f * 0.044715f * square);
        return dy * (sigmoid(z) + x * (slope * sigmoid_slope(z)));
    }
};

struct Relu
{
    static __device__ __forceinline__ float forward(float x) { return x < 0 ? 0.0f : x; }
    static __device__ __forceinline__ float backward(float dy, float x) { return x <= 0 ? 0.0f : dy; }
};

struct Tanh
{
    static __device__ __forceinline__ float forward(float x) { return tanhf(x); }
    static __device__ __forceinline__ float backward(float dy, float x)
    {
        return dy * (4.0f * sigmoid_slope(2.0f * x));
    }
};

struct Sigmoid
{
    static __device__ __forceinline__ float forward(float x) { return sigmoid(x); }
    static __device__ __forceinline__ float backward(float dy, float x) { return dy * sigmoid_slope(x); }
};

// A block has 8 vectors of columns, as in sums.cuh, of SumRowsPerPart rows.
template <class F, class T> __device__ __forceinline__ void backward_with_sums(
    const T* dy, const T* x, T* dx, float* partials, int rows, int columns, uint4* shared)
{
    constexpr int N = Vector<T>::Length;
    int column = sum_column<N>();
    int part = blockIdx.y;
    int end_row = min(rows, (part + 1) * SumRowsPerPart);
    float group_sum[N] = {};
    if (column < columns)
        for (int row = part * SumRowsPerPart + sum_group(); row < end_row; row += SumGroups)
        {
            long long start = static_cast<long long>(row) * columns + column;
            float x_values[N];
            float values[N];
            load(x + start, x_values);
            load(dy + start, values);
#pragma unroll
            for (int i = 0; i < N; i++)
            {
                values[i] = F::backward(values[i], x_values[i]);
                group_sum[i] += values[i];
            }
            store(dx + start, values);
        }
    if (partials == nullptr) return;
    float sum[4];
    column = add_groups(group_sum, columns, shared, sum);
    if (column >= 0) store(partials + static_cast<long long>(part) * columns + column, sum);
}

#define ENTRY(function, F, name, T) \
    extern "C" __global__ void __launch_bounds__(256) activation_forward_##function##_##name( \
        const T* x, T* y, long long vectors) \
    { \
        forward<F, T>(x, y, vectors); \
    } \
    extern "C" __global__ void __launch_bounds__(SumThreads) activation_backward_##function##_##name( \
        const T* dy, const T* x, T* dx, float* partials, int rows, int columns) \
    { \
        __shared__ uint4 shared[SumVectors<T>]; \
        backward_with_sums<F, T>(dy, x, dx, partials, rows, columns, shared); \
    }
#define ENTRIES(name, T) \
    ENTRY(gelu, Gelu<T>, name, T) \
    ENTRY(gelutanh, GeluTanh, name, T) \
    ENTRY(relu, Relu, name, T) \
    ENTRY(tanh, Tanh, name, T) \
    ENTRY(sigmoid, Sigmoid, name, T)
FOR_EACH_TYPE(ENTRIES)

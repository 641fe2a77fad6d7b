// Bias, dropout, residual and layer normalization in one pass over the rows.
//
//   z = (x + bias) ∘ mask + residual;  normalized = (z - mean z) rstd;  y = γ normalized + β;  rstd = 1 / √(var z + ε)
//   g = γ dy;  dz = rstd (g - mean g - normalized mean(g normalized));  dx = dz ∘ mask
//   dbias += Σ dx;  dγ += Σ dy normalized;  dβ += Σ dy
//
// x, residual, normalized, y, dy, dz, dx [M,N]; bias, γ, β and their gradients fp32 [N]; rstd fp32 [M]. bias, residual,
// normalized, rstd, dx and dbias may be null.
//
// Rows are kept in registers; the forward has an entry per number of vectors that a lane holds: 384, 512, 768 and 1024
// columns take 2, 2, 3 and 4 vectors in 16 bits, 3, 4, 6 and 8 in fp32. Wider rows use the entries named wide.
// Sums over rows have a fixed order in two stages: each part of the rows gives partials [parts, 3, N] for dγ, dβ and
// dbias; linear_reduce adds up the parts.
#include "layernorm_registers.cuh"
#include "layernorm_wide.cuh"

#define FORWARD_PARAMETERS(T) \
    const T* x, const float* bias, const T* residual, const int* offsets, int sentences, Dropout mask, \
    const float* gamma, const float* beta, float epsilon, T* normalized, float* rstd, T* y, int rows, int columns

#define FORWARD(name, T, vectors) \
    extern "C" __global__ void __launch_bounds__(RowWarps * WarpSize) layernorm_forward_##name##_v##vectors( \
        FORWARD_PARAMETERS(T)) \
    { \
        forward<T, vectors>(x, bias, residual, offsets, sentences, mask, gamma, beta, epsilon, \
            normalized, rstd, y, rows, columns); \
    }

#define FORWARD_WIDE(name, T) \
    extern "C" __global__ void __launch_bounds__(256) layernorm_forward_##name##_wide(FORWARD_PARAMETERS(T)) \
    { \
        __shared__ float scratch[WarpSize]; \
        forward_wide<T>(x, bias, residual, offsets, sentences, mask, gamma, beta, epsilon, \
            normalized, rstd, y, columns, scratch); \
    }

#define BACKWARD(name, T) \
    extern "C" __global__ void __launch_bounds__(MaxThreads) layernorm_backward_##name( \
        const T* dy, const T* normalized, const float* rstd, const int* offsets, int sentences, Dropout mask, \
        const float* gamma, T* dz, T* dx, const float* dbias, float* partials, \
        int rows, int rows_per_part, int columns) \
    { \
        __shared__ RowExchanges exchanges; \
        backward<T>(dy, normalized, rstd, offsets, sentences, mask, gamma, dz, dx, dbias, partials, \
            rows, rows_per_part, columns, exchanges); \
    }

#define BACKWARD_WIDE(name, T) \
    extern "C" __global__ void __launch_bounds__(256) layernorm_means_##name( \
        const T* dy, const T* normalized, const int* offsets, int sentences, Dropout mask, const float* gamma, \
        RowMeans* row_means, int columns) \
    { \
        __shared__ float scratch[WarpSize]; \
        means<T>(dy, normalized, offsets, sentences, mask, gamma, row_means, columns, scratch); \
    } \
    extern "C" __global__ void __launch_bounds__(128) layernorm_backward_##name##_wide( \
        const T* dy, const T* normalized, const float* rstd, Dropout mask, const float* gamma, \
        const RowMeans* row_means, T* dz, T* dx, const float* dbias, float* partials, \
        int rows, int rows_per_part, int columns) \
    { \
        backward_wide<T>(dy, normalized, rstd, mask, gamma, row_means, dz, dx, dbias, partials, \
            rows, rows_per_part, columns); \
    }

#define FORWARD_UP_TO_4(name, T) FORWARD(name, T, 1) FORWARD(name, T, 2) FORWARD(name, T, 3) FORWARD(name, T, 4)
FOR_EACH_TYPE(FORWARD_UP_TO_4)
IF_F32(FORWARD(f32, float, 6) FORWARD(f32, float, 8))
FOR_EACH_TYPE(FORWARD_WIDE)
FOR_EACH_TYPE(BACKWARD)
FOR_EACH_TYPE(BACKWARD_WIDE)

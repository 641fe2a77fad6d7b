// Bias, dropout, residual and layer normalisation in one pass over the rows.
//
//   z = (x + bias) ∘ mask + residual;  normalized = (z - mean z) rstd;  y = γ normalized + β;  rstd = 1 / √(var z + ε)
//   g = γ dy;  dz = rstd (g - mean g - normalized mean(g normalized));  dx = dz ∘ mask;  dbias += Σ dx;  dγ += Σ dy normalized;  dβ += Σ dy
//
// x, residual, normalized, y, dy, dz, dx [M,N]; bias, γ, β and their gradients fp32 [N]; rstd fp32 [M]; bias, residual, normalized, rstd, dx, dbias may be
// null. Rows are held in registers; the forward has an entry for each number of vectors that a lane holds: 384, 512, 768 and 1024 columns of 16 bits are 2, 2, 3 and 4, of
// fp32 3, 4, 6 and 8. Wider rows go through the entries named so.
// Sums over rows go in two stages of fixed order: what the backward leaves of each part of the rows, partials [parts, 3, N] for dγ, dβ and dbias, is then added up.
#include "layernormrows.cuh"
#include "layernormwide.cuh"
#include "sums.cuh"

// blockIdx.y chooses the gradient.
extern "C" __global__ void __launch_bounds__(SumThreads) layernorm_reduce(const float* partials, float* dgamma, float* dbeta, float* dbias, int parts, int columns)
{
    __shared__ uint4 shared[SumVectors<float>];
    float sum[4];
    int column = column_sums(partials + blockIdx.y * columns, 3 * columns, 0, parts, columns, shared, sum);
    float* target = blockIdx.y == 0 ? dgamma : blockIdx.y == 1 ? dbeta : dbias;
    if (column >= 0) add_to(target + column, sum);
}

#define FORWARD_PARAMETERS(T) const T* x, const float* bias, const T* residual, const int* offsets, int sentences, Dropout mask, \
    const float* gamma, const float* beta, float epsilon, T* normalized, float* rstd, T* y, int rows, int columns
#define FORWARD(name, T, vectors) \
    extern "C" __global__ void __launch_bounds__(RowWarps * WarpSize) layernorm_forward_##name##_v##vectors(FORWARD_PARAMETERS(T)) \
    { \
        forward<T, vectors>(x, bias, residual, offsets, sentences, mask, gamma, beta, epsilon, normalized, rstd, y, rows, columns); \
    }
#define BACKWARD(name, T) \
    extern "C" __global__ void __launch_bounds__(MostThreads) layernorm_backward_##name(const T* dy, const T* normalized, const float* rstd, \
        const int* offsets, int sentences, Dropout mask, const float* gamma, T* dz, T* dx, const float* dbias, float* partials, int rows, int rows_per_part, int columns) \
    { \
        __shared__ Exchanges exchanges; \
        backward<T>(dy, normalized, rstd, offsets, sentences, mask, gamma, dz, dx, dbias, partials, rows, rows_per_part, columns, exchanges); \
    }
#define WIDE(name, T) \
    extern "C" __global__ void __launch_bounds__(256) layernorm_forward_##name##_wide(FORWARD_PARAMETERS(T)) \
    { \
        __shared__ float scratch[WarpSize]; \
        forward_wide<T>(x, bias, residual, offsets, sentences, mask, gamma, beta, epsilon, normalized, rstd, y, columns, scratch); \
    } \
    extern "C" __global__ void __launch_bounds__(256) layernorm_means_##name(const T* dy, const T* normalized, const int* offsets, int sentences, Dropout mask, \
        const float* gamma, RowSlope* row_slopes, int columns) \
    { \
        __shared__ float scratch[WarpSize]; \
        means<T>(dy, normalized, offsets, sentences, mask, gamma, row_slopes, columns, scratch); \
    } \
    extern "C" __global__ void __launch_bounds__(128) layernorm_backward_##name##_wide(const T* dy, const T* normalized, const float* rstd, Dropout mask, const float* gamma, \
        const RowSlope* row_slopes, T* dz, T* dx, const float* dbias, float* partials, int rows, int rows_per_part, int columns) \
    { \
        backward_wide<T>(dy, normalized, rstd, mask, gamma, row_slopes, dz, dx, dbias, partials, rows, rows_per_part, columns); \
    }
#define UP_TO_4(name, T) FORWARD(name, T, 1) FORWARD(name, T, 2) FORWARD(name, T, 3) FORWARD(name, T, 4)
FOR_EACH_TYPE(UP_TO_4)
FORWARD(f32, float, 6)
FORWARD(f32, float, 8)
FOR_EACH_TYPE(BACKWARD)
FOR_EACH_TYPE(WIDE)

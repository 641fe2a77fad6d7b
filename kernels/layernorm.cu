// Bias, dropout, residual and layer normalisation in one pass over the rows.
//
//   z = (x + bias) ∘ mask + residual;  normalized = (z - mean z) rstd;  y = γ normalized + β;  rstd = 1 / √(var z + ε)
//   g = γ dy;  dz = rstd (g - mean g - normalized mean(g normalized));  dx = dz ∘ mask;  dbias += Σ dx;  dγ += Σ dy normalized;  dβ += Σ dy
//
// x, residual, normalized, y, dy, dz, dx [M,N]; bias, γ, β and their gradients fp32 [N]; rstd fp32 [M]; bias, residual, normalized, rstd, dx, dbias may be
// null. A warp a row: a lane holds columns (k · 32 + lane) · vector in registers, so that a row is read once.
// Sums over rows go in two stages of fixed order: partial sums of RowsPerPart rows, then the parts one after another.
#include "common.cuh"
#include "philox.cuh"

constexpr int RowsPerBlock = 4, RowsPerPart = 32;

// The widest row that the registers hold: 1024 fp32, or 2048 of 16 bits.
constexpr int MostVectors = 8;

template <class T> __device__ __forceinline__ void forward(const T* x, const float* bias, const T* residual, const int* offsets, int sentences, const Dropout& mask,
    const float* gamma, const float* beta, float epsilon, T* normalized, float* rstd, T* y, int rows, int columns)
{
    constexpr int N = Vector<T>::Length;
    int row = blockIdx.x * RowsPerBlock + threadIdx.x / WarpSize, lane = threadIdx.x % WarpSize;
    if (row >= rows) return;
    long long start = static_cast<long long>(row) * columns;
    int sentence = mask.drops() ? sentence_of(offsets, sentences, row) : 0, place = mask.drops() && offsets != nullptr ? row - offsets[sentence] : 0;
    float z[MostVectors][N], sum = 0;
#pragma unroll
    for (int k = 0; k < MostVectors; k++)
    {
        int column = (k * WarpSize + lane) * N;
        if (column >= columns) continue;
        load(x + start + column, z[k]);
        float other[N];
        if (bias != nullptr)
#pragma unroll
            for (int i = 0; i < N; i++) z[k][i] += bias[column + i];
        if (mask.drops())
        {
            dropout_vector(mask, sentence, static_cast<uint32_t>(place) * columns + column, other);
#pragma unroll
            for (int i = 0; i < N; i++) z[k][i] *= other[i];
        }
        if (residual != nullptr)
        {
            load(residual + start + column, other);
#pragma unroll
            for (int i = 0; i < N; i++) z[k][i] += other[i];
        }
#pragma unroll
        for (int i = 0; i < N; i++) sum += z[k][i];
    }
    float mean = warp_sum(sum) / columns, squares = 0;
#pragma unroll
    for (int k = 0; k < MostVectors; k++)
        if ((k * WarpSize + lane) * N < columns)
#pragma unroll
            for (int i = 0; i < N; i++) squares += (z[k][i] - mean) * (z[k][i] - mean);
    float scale = 1 / sqrtf(warp_sum(squares) / columns + epsilon);
    if (rstd != nullptr && lane == 0) rstd[row] = scale;
#pragma unroll
    for (int k = 0; k < MostVectors; k++)
    {
        int column = (k * WarpSize + lane) * N;
        if (column >= columns) continue;
        float out[N];
#pragma unroll
        for (int i = 0; i < N; i++) z[k][i] = (z[k][i] - mean) * scale;
        if (normalized != nullptr) store(normalized + start + column, z[k]);
#pragma unroll
        for (int i = 0; i < N; i++) out[i] = gamma[column + i] * z[k][i] + beta[column + i];
        store(y + start + column, out);
    }
}

template <class T> __device__ __forceinline__ void backward(const T* dy, const T* normalized, const float* rstd, const int* offsets, int sentences, const Dropout& mask,
    const float* gamma, T* dz, T* dx, int rows, int columns)
{
    constexpr int N = Vector<T>::Length;
    int row = blockIdx.x * RowsPerBlock + threadIdx.x / WarpSize, lane = threadIdx.x % WarpSize;
    if (row >= rows) return;
    long long start = static_cast<long long>(row) * columns;
    int sentence = mask.drops() ? sentence_of(offsets, sentences, row) : 0, place = mask.drops() && offsets != nullptr ? row - offsets[sentence] : 0;
    float g[MostVectors][N], unit[MostVectors][N], sum = 0, product = 0;
#pragma unroll
    for (int k = 0; k < MostVectors; k++)
    {
        int column = (k * WarpSize + lane) * N;
        if (column >= columns) continue;
        load(dy + start + column, g[k]);
        load(normalized + start + column, unit[k]);
#pragma unroll
        for (int i = 0; i < N; i++)
        {
            g[k][i] *= gamma[column + i];
            sum += g[k][i];
            product += g[k][i] * unit[k][i];
        }
    }
    float mean = warp_sum(sum) / columns, slope = warp_sum(product) / columns, scale = rstd[row];
#pragma unroll
    for (int k = 0; k < MostVectors; k++)
    {
        int column = (k * WarpSize + lane) * N;
        if (column >= columns) continue;
#pragma unroll
        for (int i = 0; i < N; i++) g[k][i] = scale * (g[k][i] - mean - unit[k][i] * slope);
        store(dz + start + column, g[k]);
        if (dx == nullptr) continue;
        if (mask.drops())
        {
            float factors[N];
            dropout_vector(mask, sentence, static_cast<uint32_t>(place) * columns + column, factors);
#pragma unroll
            for (int i = 0; i < N; i++) g[k][i] *= factors[i];
        }
        store(dx + start + column, g[k]);
    }
}

// Before the rows' gradients, since dz may be dy: partial sums of dγ and dβ, [2, parts, N]. A thread a column, blockIdx.y a part.
template <class T> __device__ __forceinline__ void sums(const T* dy, const T* normalized, float* partials, int rows, int columns)
{
    int column = blockIdx.x * blockDim.x + threadIdx.x, part = blockIdx.y, parts = gridDim.y;
    if (column >= columns) return;
    float gamma_sum = 0, beta_sum = 0;
    for (int row = part * RowsPerPart; row < min(rows, (part + 1) * RowsPerPart); row++)
    {
        float slope = to_float(dy[static_cast<long long>(row) * columns + column]);
        gamma_sum += slope * to_float(normalized[static_cast<long long>(row) * columns + column]);
        beta_sum += slope;
    }
    partials[static_cast<long long>(part) * columns + column] = gamma_sum;
    partials[static_cast<long long>(parts + part) * columns + column] = beta_sum;
}

extern "C" __global__ void __launch_bounds__(128) layernorm_reduce(const float* partials, float* dgamma, float* dbeta, int parts, int columns)
{
    int column = blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    float gamma_sum = 0, beta_sum = 0;
    for (int part = 0; part < parts; part++)
    {
        gamma_sum += partials[static_cast<long long>(part) * columns + column];
        beta_sum += partials[static_cast<long long>(parts + part) * columns + column];
    }
    dgamma[column] += gamma_sum;
    dbeta[column] += beta_sum;
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128) layernorm_forward_##name(const T* x, const float* bias, const T* residual, const int* offsets, int sentences, \
        DROPOUT_PARAMETERS, const float* gamma, const float* beta, float epsilon, T* normalized, float* rstd, T* y, int rows, int columns) \
    { \
        forward<T>(x, bias, residual, offsets, sentences, DROPOUT_ARGUMENTS, gamma, beta, epsilon, normalized, rstd, y, rows, columns); \
    } \
    extern "C" __global__ void __launch_bounds__(128) layernorm_backward_##name(const T* dy, const T* normalized, const float* rstd, const int* offsets, int sentences, \
        DROPOUT_PARAMETERS, const float* gamma, T* dz, T* dx, int rows, int columns) \
    { \
        backward<T>(dy, normalized, rstd, offsets, sentences, DROPOUT_ARGUMENTS, gamma, dz, dx, rows, columns); \
    } \
    extern "C" __global__ void __launch_bounds__(128) layernorm_sums_##name(const T* dy, const T* normalized, float* partials, int rows, int columns) \
    { \
        sums<T>(dy, normalized, partials, rows, columns); \
    }
FOR_EACH_TYPE(ENTRY)

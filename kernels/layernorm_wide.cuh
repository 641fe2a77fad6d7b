// Layer normalisation of rows of any width. Forward: a block a row, z computed again in each of three passes by the thread that reads its columns, so that x may be written over.
// Backward: a block a row for its two means, then a thread a vector of columns through a part of the rows.
#pragma once
#include "layernorm.cuh"

// What the columns of a row's gradient need of the whole row.
struct alignas(16) RowSlope
{
    float mean, slope;
    Place place;
};

template <class T> __device__ __forceinline__ void forward_wide(const T* x, const float* bias, const T* residual, const int* offsets, int sentences, const Dropout& mask,
    const float* gamma, const float* beta, float epsilon, T* normalized, float* rstd, T* y, int columns, float* scratch)
{
    constexpr int N = Vector<T>::Length;
    int row = blockIdx.x, from = threadIdx.x * N, step = blockDim.x * N;
    long long start = static_cast<long long>(row) * columns;
    const T* rest = residual == nullptr ? nullptr : residual + start;
    Place place = place_of(mask, offsets, sentences, row);
    float z[N], sum = 0, squares = 0;
    for (int column = from; column < columns; column += step)
    {
        load(x + start + column, z);
        complete(bias, rest, mask, place, columns, column, z);
#pragma unroll
        for (int i = 0; i < N; i++) sum += z[i];
    }
    float mean = block_sum(sum, scratch) / columns;
    for (int column = from; column < columns; column += step)
    {
        load(x + start + column, z);
        complete(bias, rest, mask, place, columns, column, z);
#pragma unroll
        for (int i = 0; i < N; i++) squares += (z[i] - mean) * (z[i] - mean);
    }
    float scale = 1 / sqrtf(block_sum(squares, scratch) / columns + epsilon);
    if (rstd != nullptr && threadIdx.x == 0) rstd[row] = scale;
    for (int column = from; column < columns; column += step)
    {
        load(x + start + column, z);
        complete(bias, rest, mask, place, columns, column, z);
        finish(mean, scale, gamma, beta, normalized == nullptr ? nullptr : normalized + start, y + start, column, z);
    }
}

template <class T> __device__ __forceinline__ void means(const T* dy, const T* normalized, const int* offsets, int sentences, const Dropout& mask, const float* gamma, RowSlope* row_slopes,
    int columns, float* scratch)
{
    constexpr int N = Vector<T>::Length;
    int row = blockIdx.x;
    long long start = static_cast<long long>(row) * columns;
    float factors[N], g[N], unit[N], sum = 0, product = 0;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        load(dy + start + column, g);
        load(normalized + start + column, unit);
        load_wide(gamma + column, factors);
        slopes(factors, unit, g, sum, product);
    }
    sum = block_sum(sum, scratch);
    product = block_sum(product, scratch);
    if (threadIdx.x == 0) row_slopes[row] = {sum / columns, product / columns, place_of(mask, offsets, sentences, row)};
}

template <class T> __device__ __forceinline__ void backward_wide(const T* dy, const T* normalized, const float* rstd, const Dropout& mask, const float* gamma, const RowSlope* row_slopes,
    T* dz, T* dx, const float* dbias, float* partials, int rows, int rows_per_part, int columns)
{
    constexpr int N = Vector<T>::Length;
    int column = (blockIdx.x * blockDim.x + threadIdx.x) * N, part = blockIdx.y;
    if (column >= columns) return;
    float factors[N], gamma_sum[N] = {}, beta_sum[N] = {}, bias_sum[N] = {};
    load_wide(gamma + column, factors);
    for (int row = part * rows_per_part; row < min(rows, (part + 1) * rows_per_part); row++)
    {
        long long start = static_cast<long long>(row) * columns + column;
        RowSlope of = row_slopes[row];
        float g[N], unit[N];
        load(dy + start, g);
        load(normalized + start, unit);
        add_row(g, unit, gamma_sum, beta_sum);
#pragma unroll
        for (int i = 0; i < N; i++) g[i] *= factors[i];
        differentiate(of.mean, of.slope, rstd[row], unit, mask, of.place, columns, column, dz + start, dx == nullptr ? nullptr : dx + start, g);
        add(g, bias_sum);
    }
    store_sums(partials + 3LL * part * columns + column, columns, gamma_sum, beta_sum, bias_sum, dbias != nullptr);
}

// Layer normalization of rows of any width.
// Forward: one block per row; each of three passes computes z again in the thread that read its columns, so that x may
// be overwritten. Backward: one block per row for its two means, then one thread per vector of columns for a part of
// the rows.
#pragma once
#include "layernorm.cuh"

// A row's values that the gradient of each of its columns needs.
struct alignas(16) RowMeans
{
    float mean_g;
    float mean_g_normalized;
    RowDraws draws;
};

// Computes z for a vector of columns; x and residual are the row's.
template <class T, int N> __device__ __forceinline__ void load_z(
    const T* x, const float* bias, const T* residual, const Dropout& mask, const RowDraws& draws, int column,
    float (&z)[N])
{
    load(x + column, z);
    add_bias_and_dropout(bias, mask, draws, column, z);
    if (residual == nullptr) return;
    float values[N];
    load(residual + column, values);
    add(values, z);
}

template <class T> __device__ __forceinline__ void forward_wide(
    const T* x, const float* bias, const T* residual, const int* offsets, int sentences, const Dropout& mask,
    const float* gamma, const float* beta, float epsilon, T* normalized, float* rstd, T* y, int columns, float* scratch)
{
    constexpr int N = Vector<T>::Length;
    int row = blockIdx.x;
    int first_column = threadIdx.x * N;
    int stride = blockDim.x * N;
    long long start = static_cast<long long>(row) * columns;
    const T* residual_row = residual == nullptr ? nullptr : residual + start;
    RowDraws draws = row_draws(mask, offsets, sentences, row, columns);
    float z[N];

    // mean of z
    float sum = 0;
    for (int column = first_column; column < columns; column += stride)
    {
        load_z(x + start, bias, residual_row, mask, draws, column, z);
#pragma unroll
        for (int i = 0; i < N; i++) sum += z[i];
    }
    float mean = block_sum(sum, scratch) / columns;

    // 1 / standard deviation
    float sum_of_squares = 0;
    for (int column = first_column; column < columns; column += stride)
    {
        load_z(x + start, bias, residual_row, mask, draws, column, z);
#pragma unroll
        for (int i = 0; i < N; i++) sum_of_squares += (z[i] - mean) * (z[i] - mean);
    }
    float row_rstd = 1 / sqrtf(block_sum(sum_of_squares, scratch) / columns + epsilon);
    if (rstd != nullptr && threadIdx.x == 0) rstd[row] = row_rstd;

    // normalized and y
    T* normalized_row = normalized == nullptr ? nullptr : normalized + start;
    for (int column = first_column; column < columns; column += stride)
    {
        load_z(x + start, bias, residual_row, mask, draws, column, z);
        normalize(mean, row_rstd, gamma, beta, normalized_row, y + start, column, z);
    }
}

template <class T> __device__ __forceinline__ void means(
    const T* dy, const T* normalized, const int* offsets, int sentences, const Dropout& mask, const float* gamma,
    RowMeans* row_means, int columns, float* scratch)
{
    constexpr int N = Vector<T>::Length;
    int row = blockIdx.x;
    long long start = static_cast<long long>(row) * columns;
    float gamma_values[N];
    float normalized_values[N];
    float g[N];
    float sum = 0;
    float sum_normalized = 0;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        load(dy + start + column, g);
        load(normalized + start + column, normalized_values);
        load_wide(gamma + column, gamma_values);
        sum_g(gamma_values, normalized_values, g, sum, sum_normalized);
    }
    sum = block_sum(sum, scratch);
    sum_normalized = block_sum(sum_normalized, scratch);
    if (threadIdx.x >= WarpSize) return;
    RowDraws draws = row_draws(mask, offsets, sentences, row, columns);
    if (threadIdx.x == 0) row_means[row] = {sum / columns, sum_normalized / columns, draws};
}

template <class T> __device__ __forceinline__ void backward_wide(
    const T* dy, const T* normalized, const float* rstd, const Dropout& mask, const float* gamma,
    const RowMeans* row_means, T* dz, T* dx, const float* dbias, float* partials,
    int rows, int rows_per_part, int columns)
{
    constexpr int N = Vector<T>::Length;
    int column = (blockIdx.x * blockDim.x + threadIdx.x) * N;
    int part = blockIdx.y;
    if (column >= columns) return;
    float gamma_values[N];
    ParameterGradients<N> gradients = {};
    load_wide(gamma + column, gamma_values);
    for (int row = part * rows_per_part; row < min(rows, (part + 1) * rows_per_part); row++)
    {
        long long start = static_cast<long long>(row) * columns + column;
        RowMeans means = row_means[row];
        float g[N];
        float normalized_values[N];
        load(dy + start, g);
        load(normalized + start, normalized_values);
        gradients.add_row(g, normalized_values);
        multiply(gamma_values, g);
        T* dx_vector = dx == nullptr ? nullptr : dx + start;
        store_dz_dx(means.mean_g, means.mean_g_normalized, rstd[row], normalized_values, mask, means.draws,
            column, dz + start, dx_vector, g);
        add(g, gradients.dbias);
    }
    gradients.store_to(partials + 3LL * part * columns + column, columns, dbias != nullptr);
}

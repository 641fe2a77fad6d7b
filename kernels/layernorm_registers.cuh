// Layer normalization of rows that fit in registers, so that a row is read once.
// Forward: one warp per row; a lane has the columns (k · 32 + lane) · vector for k < Vectors.
// Backward: one block per part of the rows, in one or two groups of a thread per vector of columns; a group takes
// RowsAtOnce rows at a time, and its threads keep the sums over its rows for their columns. Two groups have as many
// rows under way as two blocks, and one partial sum.
#pragma once
#include "layernorm.cuh"

constexpr int RowWarps = 4;
constexpr int RowsAtOnce = 4;
constexpr int MaxThreads = 512;
constexpr int MaxWarps = MaxThreads / WarpSize;
constexpr int MaxRowGroups = 2;

// Shared by the block's threads, for RowsAtOnce rows of each group: two sums per warp and row, and per row what one
// warp looked up. Double-buffered: the next rows' values may be written while these are read.
struct RowExchange
{
    float sums[MaxWarps][2 * RowsAtOnce];
    float rstd[MaxRowGroups][RowsAtOnce];
    RowDraws draws[MaxRowGroups][RowsAtOnce];
};
using RowExchanges = RowExchange[2];

// A thread's place in the backward's block.
struct RowGroup
{
    int warps;   // of each group
    int groups;
    int rows;    // that all groups take at once
    int index;
    int thread;  // in the group

    __device__ __forceinline__ explicit RowGroup(int vectors)
    {
        warps = (vectors + WarpSize - 1) / WarpSize;
        groups = blockDim.x / WarpSize / warps;
        rows = groups * RowsAtOnce;
        index = threadIdx.x / WarpSize / warps;
        thread = threadIdx.x - index * warps * WarpSize;
    }
};

// The lane's columns of a row of x and of the residual, in storage type.
template <class T, int Vectors> struct StoredRow
{
    static constexpr int N = Vector<T>::Length;
    uint4 x[Vectors];
    uint4 residual[Vectors];

    __device__ __forceinline__ void load(const T* x_row, const T* residual_row, int lane, int columns)
    {
#pragma unroll
        for (int k = 0; k < Vectors; k++)
        {
            int column = (k * WarpSize + lane) * N;
            if (column >= columns) continue;
            x[k] = *reinterpret_cast<const uint4*>(x_row + column);
            if (residual_row != nullptr) residual[k] = *reinterpret_cast<const uint4*>(residual_row + column);
        }
    }
};

// Returns Σ (z - mean)² over the lane's columns of a row.
template <int Vectors, int N> __device__ __forceinline__ float squared_deviations(
    const float (&z)[Vectors][N], float mean, int lane, int columns)
{
    float sum = 0;
#pragma unroll
    for (int k = 0; k < Vectors; k++)
        if ((k * WarpSize + lane) * N < columns)
#pragma unroll
            for (int i = 0; i < N; i++) sum += (z[k][i] - mean) * (z[k][i] - mean);
    return sum;
}

template <class T, int Vectors> __device__ __forceinline__ void forward(
    const T* x, const float* bias, const T* residual, const int* offsets, int sentences, const Dropout& mask,
    const float* gamma, const float* beta, float epsilon, T* normalized, float* rstd, T* y, int rows, int columns)
{
    constexpr int N = Vector<T>::Length;
    int row = blockIdx.x * RowWarps + threadIdx.x / WarpSize;
    int lane = threadIdx.x % WarpSize;
    if (row >= rows) return;
    long long start = static_cast<long long>(row) * columns;
    float z[Vectors][N];

    // z and its mean; nothing waits for memory before everything is under way
    StoredRow<T, Vectors> stored;
    stored.load(x + start, residual == nullptr ? nullptr : residual + start, lane, columns);
    RowDraws draws = row_draws(mask, offsets, sentences, row, columns);
    float sum = 0;
#pragma unroll
    for (int k = 0; k < Vectors; k++)
    {
        int column = (k * WarpSize + lane) * N;
        if (column >= columns) continue;
        widen<T>(stored.x[k], z[k]);
        add_bias_and_dropout(bias, mask, draws, column, z[k]);
        float values[N];
        if (residual != nullptr) widen<T>(stored.residual[k], values);
        if (residual != nullptr) add(values, z[k]);
#pragma unroll
        for (int i = 0; i < N; i++) sum += z[k][i];
    }
    float mean = warp_sum(sum) / columns;

    // 1 / standard deviation
    float variance = warp_sum(squared_deviations(z, mean, lane, columns)) / columns;
    float row_rstd = 1 / sqrtf(variance + epsilon);
    if (rstd != nullptr && lane == 0) rstd[row] = row_rstd;

    // normalized and y
#pragma unroll
    for (int k = 0; k < Vectors; k++)
    {
        int column = (k * WarpSize + lane) * N;
        if (column >= columns) continue;
        T* normalized_row = normalized == nullptr ? nullptr : normalized + start;
        normalize(mean, row_rstd, gamma, beta, normalized_row, y + start, column, z[k]);
    }
}

// Sums over a group, the warps' sums added in order; every thread of it receives the sums. All groups take part.
__device__ __forceinline__ void group_sums(
    const RowGroup& group, float (&sums)[2 * RowsAtOnce], float (&shared)[MaxWarps][2 * RowsAtOnce])
{
    int lane = threadIdx.x % WarpSize;
    int warp = threadIdx.x / WarpSize;
    int first = group.index * group.warps;
#pragma unroll
    for (int i = 0; i < 2 * RowsAtOnce; i++)
    {
        sums[i] = warp_sum(sums[i]);
        if (lane == 0) shared[warp][i] = sums[i];
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 2 * RowsAtOnce; i++) sums[i] = shared[first][i];
    for (int other = first + 1; other < first + group.warps; other++)
#pragma unroll
        for (int i = 0; i < 2 * RowsAtOnce; i++) sums[i] += shared[other][i];
}

// A thread's columns of RowsAtOnce rows, in storage type: 16-bit elements take fewer registers.
template <class T> struct StoredRows
{
    static constexpr int N = Vector<T>::Length;
    uint4 dy[RowsAtOnce];
    uint4 normalized[RowsAtOnce];

    __device__ __forceinline__ void load(const T* dy_start, const T* normalized_start, int count, int columns)
    {
#pragma unroll
        for (int r = 0; r < RowsAtOnce; r++)
        {
            if (r >= count) continue;
            dy[r] = *reinterpret_cast<const uint4*>(dy_start + r * columns);
            normalized[r] = *reinterpret_cast<const uint4*>(normalized_start + r * columns);
        }
    }

    // Returns a row's values.
    __device__ __forceinline__ void get(int r, float (&dy_values)[N], float (&normalized_values)[N]) const
    {
        widen<T>(dy[r], dy_values);
        widen<T>(normalized[r], normalized_values);
    }

    // Adds to dγ and dβ, and to each row's Σ g and Σ g normalized.
    __device__ __forceinline__ void sum(
        const float (&gamma)[N], int count, ParameterGradients<N>& gradients, float (&sums)[2 * RowsAtOnce]) const
    {
#pragma unroll
        for (int r = 0; r < RowsAtOnce; r++)
        {
            if (r >= count) continue;
            float g[N];
            float normalized_values[N];
            get(r, g, normalized_values);
            gradients.add_row(g, normalized_values);
            sum_g(gamma, normalized_values, g, sums[2 * r], sums[2 * r + 1]);
        }
    }
};

// Looks up what a group's threads share of rows, a warp a row.
__device__ __forceinline__ void look_up(const float* rstd, const Dropout& mask, const int* offsets, int sentences,
    int first_row, int row_count, int columns, const RowGroup& group, RowExchange& exchange)
{
    int thread = group.thread;
    if (thread < row_count) exchange.rstd[group.index][thread] = rstd[first_row + thread];
    for (int r = thread / WarpSize; r < row_count; r += group.warps)
    {
        RowDraws draws = row_draws(mask, offsets, sentences, first_row + r, columns);
        if (thread % WarpSize == 0) exchange.draws[group.index][r] = draws;
    }
}

// Adds the second group's sums, where there is one, to those of the first. Returns whether the thread has the sums of
// both. Shared memory: 3 N floats per thread of a group.
template <int N>
__device__ __forceinline__ bool add_groups(const RowGroup& group, ParameterGradients<N>& gradients)
{
    DYNAMIC_SHARED(float, shared);
    if (group.groups == 1) return true;
    float* sums = shared + group.thread;
    int stride = group.warps * WarpSize;
    if (group.index > 0) gradients.store_strided(sums, stride);
    __syncthreads();
    if (group.index == 0) gradients.add_strided(sums, stride);
    return group.index == 0;
}

template <class T> __device__ __forceinline__ void backward(
    const T* dy, const T* normalized, const float* rstd, const int* offsets, int sentences, const Dropout& mask,
    const float* gamma, T* dz, T* dx, const float* dbias, float* partials, int rows, int rows_per_part, int columns,
    RowExchanges& exchanges)
{
    constexpr int N = Vector<T>::Length;
    RowGroup group(columns / N);
    int column = group.thread * N;
    int end_row = min(rows, (static_cast<int>(blockIdx.x) + 1) * rows_per_part);
    bool has_columns = column < columns;
    ParameterGradients<N> gradients = {};
    float gamma_values[N];
    if (has_columns) load_wide(gamma + column, gamma_values);
    int buffer = 0;
    for (int first = blockIdx.x * rows_per_part; first < end_row; first += group.rows, buffer ^= 1)
    {
        int first_row = first + group.index * RowsAtOnce;
        int row_count = min(RowsAtOnce, end_row - first_row);
        int vector_count = has_columns ? row_count : 0;
        RowExchange& exchange = exchanges[buffer];
        long long start = static_cast<long long>(first_row) * columns + column;
        StoredRows<T> stored;
        stored.load(dy + start, normalized + start, vector_count, columns);
        look_up(rstd, mask, offsets, sentences, first_row, row_count, columns, group, exchange);

        // Σ g and Σ g normalized of each row; dγ and dβ
        float sums[2 * RowsAtOnce] = {};
        stored.sum(gamma_values, vector_count, gradients, sums);
        group_sums(group, sums, exchange.sums);

        // dz and dx; dbias
#pragma unroll
        for (int r = 0; r < RowsAtOnce; r++)
        {
            if (r >= vector_count) continue;
            float g[N];
            float normalized_values[N];
            stored.get(r, g, normalized_values);
            multiply(gamma_values, g);
            T* dz_vector = dz + start + r * columns;
            T* dx_vector = dx == nullptr ? nullptr : dx + start + r * columns;
            store_dz_dx(sums[2 * r] / columns, sums[2 * r + 1] / columns, exchange.rstd[group.index][r],
                normalized_values, mask, exchange.draws[group.index][r], column, dz_vector, dx_vector, g);
            add(g, gradients.dbias);
        }
    }
    if (add_groups(group, gradients) && has_columns)
        gradients.store_to(partials + 3LL * blockIdx.x * columns + column, columns, dbias != nullptr);
}

// Layer normalisation of rows that registers hold, so that a row is read once. Forward: a warp a row, a lane has the columns (k · 32 + lane) · vector for k < Vectors.
// Backward: a thread a vector of columns, a block a part of the rows, some at once; what is summed over rows stays in the thread that has the columns.
#pragma once
#include "layernorm.cuh"

constexpr int RowWarps = 4, RowsAtOnce = 4, MostThreads = 512, MostWarps = MostThreads / WarpSize;

// What the block's threads tell each other of the rows at once: two sums by warp, and what one thread looked up for all. Twice, so that the next rows' may be written while
// these are read.
struct Exchange
{
    float sums[MostWarps][2 * RowsAtOnce], scales[RowsAtOnce];
    Place places[RowsAtOnce];
};
using Exchanges = Exchange[2];

template <class T, int Vectors> __device__ __forceinline__ void forward(const T* x, const float* bias, const T* residual, const int* offsets, int sentences, const Dropout& mask,
    const float* gamma, const float* beta, float epsilon, T* normalized, float* rstd, T* y, int rows, int columns)
{
    constexpr int N = Vector<T>::Length;
    int row = blockIdx.x * RowWarps + threadIdx.x / WarpSize, lane = threadIdx.x % WarpSize;
    if (row >= rows) return;
    long long start = static_cast<long long>(row) * columns;
    float z[Vectors][N], sum = 0;
#pragma unroll
    for (int k = 0; k < Vectors; k++)
    {
        int column = (k * WarpSize + lane) * N;
        if (column < columns) load(x + start + column, z[k]);
    }
    Place place = place_of(mask, offsets, sentences, row);
#pragma unroll
    for (int k = 0; k < Vectors; k++)
    {
        int column = (k * WarpSize + lane) * N;
        if (column >= columns) continue;
        complete(bias, residual == nullptr ? nullptr : residual + start, mask, place, columns, column, z[k]);
#pragma unroll
        for (int i = 0; i < N; i++) sum += z[k][i];
    }
    float mean = warp_sum(sum) / columns, squares = 0;
#pragma unroll
    for (int k = 0; k < Vectors; k++)
        if ((k * WarpSize + lane) * N < columns)
#pragma unroll
            for (int i = 0; i < N; i++) squares += (z[k][i] - mean) * (z[k][i] - mean);
    float scale = 1 / sqrtf(warp_sum(squares) / columns + epsilon);
    if (rstd != nullptr && lane == 0) rstd[row] = scale;
#pragma unroll
    for (int k = 0; k < Vectors; k++)
    {
        int column = (k * WarpSize + lane) * N;
        if (column < columns) finish(mean, scale, gamma, beta, normalized == nullptr ? nullptr : normalized + start, y + start, column, z[k]);
    }
}

// The sums over the block, each warp's added in order, in every thread.
__device__ __forceinline__ void block_sums(float (&sums)[2 * RowsAtOnce], float (&shared)[MostWarps][2 * RowsAtOnce])
{
    int lane = threadIdx.x % WarpSize, warp = threadIdx.x / WarpSize, warps = blockDim.x / WarpSize;
#pragma unroll
    for (int i = 0; i < 2 * RowsAtOnce; i++)
    {
        sums[i] = warp_sum(sums[i]);
        if (lane == 0) shared[warp][i] = sums[i];
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 2 * RowsAtOnce; i++) sums[i] = shared[0][i];
    for (int other = 1; other < warps; other++)
#pragma unroll
        for (int i = 0; i < 2 * RowsAtOnce; i++) sums[i] += shared[other][i];
}

template <class T> __device__ __forceinline__ void backward(const T* dy, const T* normalized, const float* rstd, const int* offsets, int sentences, const Dropout& mask,
    const float* gamma, T* dz, T* dx, const float* dbias, float* partials, int rows, int rows_per_part, int columns, Exchanges& exchanges)
{
    constexpr int N = Vector<T>::Length;
    int column = threadIdx.x * N, last = min(rows, (static_cast<int>(blockIdx.x) + 1) * rows_per_part);
    bool holds = column < columns;
    float factors[N], gamma_sum[N] = {}, beta_sum[N] = {}, bias_sum[N] = {};
    if (holds) load_wide(gamma + column, factors);
    for (int first = blockIdx.x * rows_per_part, turn = 0; first < last; first += RowsAtOnce, turn ^= 1)
    {
        // As they are stored: 16-bit elements take half the registers until they are needed.
        uint4 dys[RowsAtOnce], units[RowsAtOnce];
        float g[N], unit[N], sums[2 * RowsAtOnce] = {};
        int there = min(RowsAtOnce, last - first), count = holds ? there : 0;
        Exchange& exchange = exchanges[turn];
        long long start = static_cast<long long>(first) * columns + column;
#pragma unroll
        for (int r = 0; r < RowsAtOnce; r++)
        {
            if (r >= count) continue;
            dys[r] = *reinterpret_cast<const uint4*>(dy + start + r * columns);
            units[r] = *reinterpret_cast<const uint4*>(normalized + start + r * columns);
        }
        if (static_cast<int>(threadIdx.x) < there)
        {
            exchange.scales[threadIdx.x] = rstd[first + threadIdx.x];
            exchange.places[threadIdx.x] = place_of(mask, offsets, sentences, first + threadIdx.x);
        }
#pragma unroll
        for (int r = 0; r < RowsAtOnce; r++)
        {
            if (r >= count) continue;
            widen<T>(dys[r], g);
            widen<T>(units[r], unit);
            add_row(g, unit, gamma_sum, beta_sum);
            slopes(factors, unit, g, sums[2 * r], sums[2 * r + 1]);
        }
        block_sums(sums, exchange.sums);
#pragma unroll
        for (int r = 0; r < RowsAtOnce; r++)
        {
            if (r >= count) continue;
            widen<T>(dys[r], g);
            widen<T>(units[r], unit);
#pragma unroll
            for (int i = 0; i < N; i++) g[i] *= factors[i];
            differentiate(sums[2 * r] / columns, sums[2 * r + 1] / columns, exchange.scales[r], unit, mask, exchange.places[r], columns, column, dz + start + r * columns,
                dx == nullptr ? nullptr : dx + start + r * columns, g);
            add(g, bias_sum);
        }
    }
    if (holds) store_sums(partials + 3LL * blockIdx.x * columns + column, columns, gamma_sum, beta_sum, bias_sum, dbias != nullptr);
}

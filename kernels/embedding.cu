// sum[t] = words[ids[t]] + positions[positionOf[t]] + types[0], and the gradients of the tables, each row summed in the order of t.
//
// words [V,H], positions [P,H], types [·,H], sum [T,H]; gradients fp32. Forward: one block a token.
// Backward: the order of the tokens by table row (stable) is made by rank, one thread a token: rank = tokens with a smaller row, or the same row and an earlier
// place. Then one block a run of equal rows adds it up. Types: partial sums of RowsPerPart tokens, then the parts one after another.
#include "common.cuh"

constexpr int RowsPerPart = 32;

template <class T> __device__ __forceinline__ void forward(const int* ids, const int* places, const T* words, const T* positions, const T* types, T* sum, int columns)
{
    constexpr int N = Vector<T>::Length;
    int token = blockIdx.x;
    const T* word = words + static_cast<long long>(ids[token]) * columns;
    const T* position = positions + static_cast<long long>(places[token]) * columns;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float a[N], b[N], c[N];
        load(word + column, a);
        load(position + column, b);
        load(types + column, c);
#pragma unroll
        for (int k = 0; k < N; k++) a[k] = a[k] + b[k] + c[k];
        store(sum + static_cast<long long>(token) * columns + column, a);
    }
}

extern "C" __global__ void __launch_bounds__(128) embedding_order(const int* rows, int* order, int tokens)
{
    int token = blockIdx.x * blockDim.x + threadIdx.x;
    if (token >= tokens) return;
    int row = rows[token], rank = 0;
    for (int other = 0; other < tokens; other++) rank += rows[other] < row || (rows[other] == row && other < token);
    order[rank] = token;
}

template <class T> __device__ __forceinline__ void scatter(const T* dsum, const int* rows, const int* order, float* table, int tokens, int columns)
{
    constexpr int N = Vector<T>::Length;
    int first = blockIdx.x, row = rows[order[first]];
    if (first > 0 && rows[order[first - 1]] == row) return;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float total[N] = {};
        for (int k = first; k < tokens && rows[order[k]] == row; k++)
        {
            float slope[N];
            load(dsum + static_cast<long long>(order[k]) * columns + column, slope);
#pragma unroll
            for (int i = 0; i < N; i++) total[i] += slope[i];
        }
        float* target = table + static_cast<long long>(row) * columns + column;
#pragma unroll
        for (int i = 0; i < N; i++) target[i] += total[i];
    }
}

template <class T> __device__ __forceinline__ void sums(const T* dsum, float* partials, int tokens, int columns)
{
    int column = blockIdx.x * blockDim.x + threadIdx.x, part = blockIdx.y;
    if (column >= columns) return;
    float total = 0;
    for (int row = part * RowsPerPart; row < min(tokens, (part + 1) * RowsPerPart); row++) total += to_float(dsum[static_cast<long long>(row) * columns + column]);
    partials[static_cast<long long>(part) * columns + column] = total;
}

extern "C" __global__ void __launch_bounds__(128) embedding_reduce(const float* partials, float* dtypes, int parts, int columns)
{
    int column = blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    float total = 0;
    for (int part = 0; part < parts; part++) total += partials[static_cast<long long>(part) * columns + column];
    dtypes[column] += total;
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128) embedding_forward_##name(const int* ids, const int* places, const T* words, const T* positions, const T* types, T* sum, int columns) \
    { \
        forward<T>(ids, places, words, positions, types, sum, columns); \
    } \
    extern "C" __global__ void __launch_bounds__(128) embedding_scatter_##name(const T* dsum, const int* rows, const int* order, float* table, int tokens, int columns) \
    { \
        scatter<T>(dsum, rows, order, table, tokens, columns); \
    } \
    extern "C" __global__ void __launch_bounds__(128) embedding_sums_##name(const T* dsum, float* partials, int tokens, int columns) { sums<T>(dsum, partials, tokens, columns); }
FOR_EACH_TYPE(ENTRY)

// Sums of columns over rows, in a fixed order: eight threads side by side hold a vector of 16 bytes each, 32 groups of them take every 32nd row, and the groups' sums are
// added one after another.
#pragma once
#include "common.cuh"

constexpr int SumLanes = 8, SumGroups = 32, SumThreads = SumLanes * SumGroups;

// The shared memory that column_sums takes, in vectors of 16 bytes.
template <class T> constexpr int SumVectors = SumThreads * Vector<T>::Length / 4;

// The sums of four neighbouring columns over the rows [first, last) of x, which are stride apart. Returns the first of the columns; -1 in a thread that has none.
template <class T> __device__ __forceinline__ int column_sums(const T* x, int stride, int first, int last, int columns, uint4* shared, float (&sum)[4])
{
    constexpr int N = Vector<T>::Length, Quads = N / 4;
    int lane = threadIdx.x % SumLanes, group = threadIdx.x / SumLanes, column = (blockIdx.x * SumLanes + lane) * N;
    float total[N] = {};
    if (column < columns)
#pragma unroll 4
        for (int row = first + group; row < last; row += SumGroups)
        {
            float values[N];
            load(x + static_cast<long long>(row) * stride + column, values);
#pragma unroll
            for (int i = 0; i < N; i++) total[i] += values[i];
        }
    float* totals = reinterpret_cast<float*>(shared);
#pragma unroll
    for (int quad = 0; quad < Quads; quad++)
    {
        const float four[4] = {total[4 * quad], total[4 * quad + 1], total[4 * quad + 2], total[4 * quad + 3]};
        store(totals + ((group * Quads + quad) * SumLanes + lane) * 4, four);
    }
    __syncthreads();
    int quad = group;
    column += 4 * quad;
    if (quad >= Quads || column >= columns) return -1;
    load(totals + (quad * SumLanes + lane) * 4, sum);
    for (int other = 1; other < SumGroups; other++)
    {
        float values[4];
        load(totals + ((other * Quads + quad) * SumLanes + lane) * 4, values);
#pragma unroll
        for (int i = 0; i < 4; i++) sum[i] += values[i];
    }
    return column;
}

// target += sum.
template <int N> __device__ __forceinline__ void add_to(float* target, const float (&sum)[N])
{
    float held[N];
    load_wide(target, held);
#pragma unroll
    for (int i = 0; i < N; i++) held[i] += sum[i];
    store_wide(target, held);
}

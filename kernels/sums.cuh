// Column sums over rows, in a fixed order: a block covers 8 vectors of 16 bytes of columns; 32 groups of 8 threads sum
// every 32nd row; then the groups' sums are added one after another.
#pragma once
#include "common.cuh"

constexpr int SumLanes = 8;
constexpr int SumGroups = 32;
constexpr int SumThreads = SumLanes * SumGroups;

// Rows of a part where sums are taken in two stages.
constexpr int SumRowsPerPart = 128;

// Shared memory of column_sums, in vectors of 16 bytes.
template <class T> constexpr int SumVectors = SumThreads * Vector<T>::Length / 4;

// The first of the thread's columns; its rows are those of its group.
template <int N> __device__ __forceinline__ int sum_column()
{
    return (blockIdx.x * SumLanes + threadIdx.x % SumLanes) * N;
}
__device__ __forceinline__ int sum_group() { return threadIdx.x / SumLanes; }

// Adds up the groups' sums of the thread's columns. Returns the first of four adjacent columns whose sums the thread
// has then, or -1 in a thread that has none.
template <int N>
__device__ __forceinline__ int add_groups(const float (&group_sum)[N], int columns, uint4* shared, float (&sum)[4])
{
    constexpr int Quads = N / 4;
    int lane = threadIdx.x % SumLanes;
    int group = sum_group();
    int column = sum_column<N>();
    float* group_sums = reinterpret_cast<float*>(shared);
#pragma unroll
    for (int quad = 0; quad < Quads; quad++)
    {
        const float four[4] = {
            group_sum[4 * quad], group_sum[4 * quad + 1], group_sum[4 * quad + 2], group_sum[4 * quad + 3]};
        store(group_sums + ((group * Quads + quad) * SumLanes + lane) * 4, four);
    }
    __syncthreads();

    // a thread per quad of columns
    int quad = group;
    column += 4 * quad;
    if (quad >= Quads || column >= columns) return -1;
    load(group_sums + (quad * SumLanes + lane) * 4, sum);
    for (int other = 1; other < SumGroups; other++)
    {
        float values[4];
        load(group_sums + ((other * Quads + quad) * SumLanes + lane) * 4, values);
#pragma unroll
        for (int i = 0; i < 4; i++) sum[i] += values[i];
    }
    return column;
}

// Sums four adjacent columns over rows [first_row, end_row) of x, whose rows are stride elements long. Returns the
// first of the four columns, or -1 in a thread that has none.
template <class T>
__device__ __forceinline__ int column_sums(
    const T* x, int stride, int first_row, int end_row, int columns, uint4* shared, float (&sum)[4])
{
    constexpr int N = Vector<T>::Length;
    int column = sum_column<N>();
    float group_sum[N] = {};
    if (column < columns)
#pragma unroll 4
        for (int row = first_row + sum_group(); row < end_row; row += SumGroups)
        {
            float values[N];
            load(x + static_cast<long long>(row) * stride + column, values);
#pragma unroll
            for (int i = 0; i < N; i++) group_sum[i] += values[i];
        }
    return add_groups(group_sum, columns, shared, sum);
}

// target += sum.
template <int N> __device__ __forceinline__ void add_to(float* target, const float (&sum)[N])
{
    float values[N];
    load_wide(target, values);
#pragma unroll
    for (int i = 0; i < N; i++) values[i] += sum[i];
    store_wide(target, values);
}

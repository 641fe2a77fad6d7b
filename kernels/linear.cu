// dbias += Σ dy over rows: the part of a linear layer's backward that is no matrix product. Also used for other column
// sums. dy [M,N], dbias fp32 [N]. Two stages, in a fixed order: the sums of RowsPerPart rows each, partials [parts, N],
// then the sum of the parts.
#include "sums.cuh"

constexpr int RowsPerPart = 128;

template <class T>
__device__ __forceinline__ void sums(const T* dy, float* partials, int rows, int columns, uint4* shared)
{
    int part = blockIdx.y;
    int first_row = part * RowsPerPart;
    int end_row = min(rows, (part + 1) * RowsPerPart);
    float sum[4];
    int column = column_sums(dy, columns, first_row, end_row, columns, shared, sum);
    if (column >= 0) store(partials + static_cast<long long>(part) * columns + column, sum);
}

extern "C" __global__ void __launch_bounds__(SumThreads) linear_reduce(
    const float* partials, float* dbias, int parts, int columns)
{
    __shared__ uint4 shared[SumVectors<float>];
    float sum[4];
    int column = column_sums(partials, columns, 0, parts, columns, shared, sum);
    if (column >= 0) add_to(dbias + column, sum);
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(SumThreads) linear_sums_##name( \
        const T* dy, float* partials, int rows, int columns) \
    { \
        __shared__ uint4 shared[SumVectors<T>]; \
        sums<T>(dy, partials, rows, columns, shared); \
    }
FOR_EACH_TYPE(ENTRY)

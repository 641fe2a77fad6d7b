// dbias += Σ dy over rows: the part of a linear layer's backward that is no matrix product. dy [M,N], dbias fp32 [N].
// Two stages, in a fixed order: the sums of SumRowsPerPart rows each, partials [parts, stack, N], then the sum of the
// parts, for all sums of a backward pass at once: also for those whose parts other kernels write.
#include "sums.cuh"

template <class T>
__device__ __forceinline__ void sums(
    const T* dy, long long stride, float* partials, int rows, int columns, uint4* shared)
{
    int part = blockIdx.y;
    int matrix = blockIdx.z;
    int matrices = gridDim.z;
    int first_row = part * SumRowsPerPart;
    int end_row = min(rows, (part + 1) * SumRowsPerPart);
    float sum[4];
    int column = column_sums(dy + matrix * stride, columns, first_row, end_row, columns, shared, sum);
    long long start = (static_cast<long long>(part) * matrices + matrix) * columns;
    if (column >= 0) store(partials + start + column, sum);
}

// target [columns] += Σ over parts of partials [parts, stride]. Targets of a launch are distinct.
struct Sum
{
    const float* partials;
    float* target;
    int parts;
    int stride;
    long long columns;
};

struct Sums
{
    Sum sums[120];
};

// blockIdx.y chooses the sum.
extern "C" __global__ void __launch_bounds__(SumThreads) linear_reduce(__grid_constant__ const Sums sums)
{
    __shared__ uint4 shared[SumVectors<float>];
    const Sum& sum = sums.sums[blockIdx.y];
    int columns = static_cast<int>(sum.columns);
    if (blockIdx.x * SumLanes * Vector<float>::Length >= columns) return;
    float values[4];
    int column = column_sums(sum.partials, sum.stride, 0, sum.parts, columns, shared, values);
    if (column >= 0) add_to(sum.target + column, values);
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(SumThreads) linear_sums_##name( \
        const T* dy, long long stride, float* partials, int rows, int columns) \
    { \
        __shared__ uint4 shared[SumVectors<T>]; \
        sums<T>(dy, stride, partials, rows, columns, shared); \
    }
FOR_EACH_TYPE(ENTRY)

// dbias += Σ dy over rows: the part of a linear layer's backward that is no matrix product. dy [M,N], dbias fp32 [N].
// Partial sums of RowsPerPart rows, [parts, N], a thread a column; then the parts one after another: a fixed order.
#include "common.cuh"

constexpr int RowsPerPart = 32;

template <class T> __device__ __forceinline__ void sums(const T* dy, float* partials, int rows, int columns)
{
    int column = blockIdx.x * blockDim.x + threadIdx.x, part = blockIdx.y;
    if (column >= columns) return;
    float sum = 0;
    for (int row = part * RowsPerPart; row < min(rows, (part + 1) * RowsPerPart); row++) sum += to_float(dy[static_cast<long long>(row) * columns + column]);
    partials[static_cast<long long>(part) * columns + column] = sum;
}

extern "C" __global__ void __launch_bounds__(128) linear_reduce(const float* partials, float* dbias, int parts, int columns)
{
    int column = blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    float sum = 0;
    for (int part = 0; part < parts; part++) sum += partials[static_cast<long long>(part) * columns + column];
    dbias[column] += sum;
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128) linear_sums_##name(const T* dy, float* partials, int rows, int columns) { sums<T>(dy, partials, rows, columns); }
FOR_EACH_TYPE(ENTRY)

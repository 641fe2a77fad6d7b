// One vector per sentence from those of its n tokens, for inference; i counts the tokens from 0.
//
//   Cls              x[0]
//   Max              max x[i], in each column; NaN if one is NaN
//   Mean             Σ x[i] / n
//   MeanSqrtLength   Σ x[i] / √n
//   WeightedMean     Σ (i + 1) x[i] / Σ (i + 1)
//   LastToken        x[n - 1]
//
// x [T,H]; y fp32 [S,E] receives the columns from column to column + H. One block per sentence; each thread reduces a
// vector of columns in the order of the tokens.
#include "common.cuh"

// As in TokenPooling.
enum Pooling { Cls, Max, Mean, MeanSqrtLength, WeightedMean, LastToken };

__device__ __forceinline__ float maximum(float a, float b) { return b > a || b != b ? b : a; }

__device__ __forceinline__ float divisor_of(int pooling, float n)
{
    switch (pooling)
    {
        case Mean: return n;
        case MeanSqrtLength: return sqrtf(n);
        case WeightedMean: return n * (n + 1) / 2;
        default: return 1;
    }
}

template <class T>
__device__ __forceinline__ void forward(
    const T* x, const int* offsets, int pooling, int first_column, float* y, int columns, int y_columns)
{
    constexpr int N = Vector<T>::Length;
    uint32_t sentence = blockIdx.x;
    int first = offsets[sentence];
    int end = offsets[sentence + 1];
    int from = pooling == LastToken ? end - 1 : first;
    int to = pooling == Cls ? first + 1 : end;
    float divisor = divisor_of(pooling, end - first);
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float pooled[N];
        load(x + static_cast<long long>(from) * columns + column, pooled);
        for (int row = from + 1; row < to; row++)
        {
            float values[N];
            float weight = pooling == WeightedMean ? row - first + 1 : 1;
            load(x + static_cast<long long>(row) * columns + column, values);
#pragma unroll
            for (int i = 0; i < N; i++)
                pooled[i] = pooling == Max ? maximum(pooled[i], values[i]) : pooled[i] + weight * values[i];
        }
#pragma unroll
        for (int i = 0; i < N; i++) pooled[i] /= divisor;
        store_wide(y + static_cast<long long>(sentence) * y_columns + first_column + column, pooled);
    }
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128) pooling_forward_##name( \
        const T* x, const int* offsets, int pooling, int first_column, float* y, int columns, int y_columns) \
    { \
        forward<T>(x, offsets, pooling, first_column, y, columns, y_columns); \
    }
FOR_EACH_TYPE(ENTRY)

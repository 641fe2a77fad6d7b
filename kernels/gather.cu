// target[i] = source[indices[i]], 0 where the index is -1: rows of a matrix by a list, and backward, by its inverse, as
// the rows of the list are distinct.
//
// forward: source = x [T,H], indices = rows [N], target = y [N,H]; backward: source = dy [N,H], indices = slots [T],
// target = dx [T,H]. One block per row of the target.
#include "common.cuh"

template <class T>
__device__ __forceinline__ void gather(const T* source, const int* indices, T* target, int columns)
{
    constexpr int N = Vector<T>::Length;
    long long row = blockIdx.x;
    long long index = indices[row];
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        uint4 vector = make_uint4(0, 0, 0, 0);
        if (index >= 0) vector = *reinterpret_cast<const uint4*>(source + index * columns + column);
        *reinterpret_cast<uint4*>(target + row * columns + column) = vector;
    }
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128) gather_forward_##name( \
        const T* x, const int* rows, T* y, int columns) \
    { \
        gather<T>(x, rows, y, columns); \
    } \
    extern "C" __global__ void __launch_bounds__(128) gather_backward_##name( \
        const T* dy, const int* slots, T* dx, int columns) \
    { \
        gather<T>(dy, slots, dx, columns); \
    }
FOR_EACH_TYPE(ENTRY)

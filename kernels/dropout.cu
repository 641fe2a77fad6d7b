// y = x ∘ mask, and the same for the gradient: the mask is drawn again. x, y [M,N]; y may be x.
// offsets [sentences + 1]: which sentence a row belongs to; null: a row is a sentence's place 0. One block a row.
#include "common.cuh"
#include "philox.cuh"

template <class T> __device__ __forceinline__ void apply(const T* x, const int* offsets, int sentences, const Dropout& mask, T* y, int columns)
{
    constexpr int N = Vector<T>::Length;
    int row = blockIdx.x, sentence = sentence_of(offsets, sentences, row), place = offsets == nullptr ? 0 : row - offsets[sentence];
    const T* source = x + static_cast<long long>(row) * columns;
    T* target = y + static_cast<long long>(row) * columns;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float values[N], factors[N];
        load(source + column, values);
        dropout_vector(mask, sentence, static_cast<uint32_t>(place) * columns + column, factors);
#pragma unroll
        for (int k = 0; k < N; k++) values[k] *= factors[k];
        store(target + column, values);
    }
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128) dropout_apply_##name(const T* x, const int* offsets, int sentences, Dropout mask, T* y, int columns) \
    { \
        apply<T>(x, offsets, sentences, mask, y, columns); \
    }
FOR_EACH_TYPE(ENTRY)

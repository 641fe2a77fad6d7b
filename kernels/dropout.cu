// y = x ∘ mask, and dx = dy ∘ mask with the mask drawn again. x, y [M,N]; y may be x.
// offsets [sentences + 1]: the sentences' rows; null: row s is position 0 of sentence s. One block per row.
#include "common.cuh"
#include "philox.cuh"

template <class T> __device__ __forceinline__ void apply(
    const T* x, const int* offsets, int sentences, const Dropout& mask, T* y, int columns)
{
    constexpr int N = Vector<T>::Length;
    int row = blockIdx.x;
    SentenceRow found = find_sentence(offsets, sentences, row);
    Draws draws = draws_of(mask, found.sentence);
    uint32_t first = static_cast<uint32_t>(row - found.first) * columns;
    const T* x_row = x + static_cast<long long>(row) * columns;
    T* y_row = y + static_cast<long long>(row) * columns;
    for (int column = threadIdx.x * N; column < columns; column += blockDim.x * N)
    {
        float values[N];
        load(x_row + column, values);
        apply_dropout(mask, draws, first + column, values);
        store(y_row + column, values);
    }
}

#define ENTRY(name, T) \
    extern "C" __global__ void __launch_bounds__(128) dropout_apply_##name( \
        const T* x, const int* offsets, int sentences, Dropout mask, T* y, int columns) \
    { \
        apply<T>(x, offsets, sentences, mask, y, columns); \
    }
FOR_EACH_TYPE(ENTRY)

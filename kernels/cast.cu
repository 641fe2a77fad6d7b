// target = source in another element type, rounded to nearest even. count: a multiple of 8. One thread per 8 elements.
#include "common.cuh"

constexpr int ElementsPerThread = 8;

template <class From, class To>
__device__ __forceinline__ void cast(const From* source, To* target, long long count)
{
    long long thread = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    long long i = thread * ElementsPerThread;
    if (i >= count) return;
    float values[ElementsPerThread];
    load_wide(source + i, values);
    store_wide(target + i, values);
}

#define ENTRY(from, From, to, To) \
    extern "C" __global__ void __launch_bounds__(256) cast_##from##_##to( \
        const From* source, To* target, long long count) \
    { \
        cast(source, target, count); \
    }
IF_BF16(ENTRY(f32, float, bf16, bf16) ENTRY(bf16, bf16, f32, float))
IF_F16(ENTRY(f32, float, f16, f16) ENTRY(f16, f16, f32, float))

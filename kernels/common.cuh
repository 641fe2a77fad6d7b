// Shared by all kernels: element types, vectors of 16 bytes, reductions over a warp and over a block.
#pragma once

#ifndef SOFTCUDA
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
#define DYNAMIC_SHARED(type, name) \
    extern __shared__ uint4 dynamic_shared_memory[]; \
    type* name = reinterpret_cast<type*>(dynamic_shared_memory)
#else
#define DYNAMIC_SHARED(type, name) type* name = reinterpret_cast<type*>(simt_dynamic_shared())
#endif

constexpr int WarpSize = 32;
constexpr uint32_t AllLanes = 0xffffffffu;

// Storage types; arithmetic is in fp32.
struct bf16 { uint16_t bits; };
struct f16 { uint16_t bits; };

#include "convert.cuh"

__device__ __forceinline__ float infinity() { return __uint_as_float(0x7f800000u); }

// A vector of 16 bytes: 4 fp32, 8 bf16 or 8 fp16.
template <class T> struct Vector
{
    static constexpr int Length = 16 / sizeof(T);
};

// Converts 16 bytes to fp32.
template <class T> __device__ __forceinline__ void widen(const uint4& words, float (&values)[Vector<T>::Length])
{
    const uint32_t word[4] = {words.x, words.y, words.z, words.w};
    unpack<T>(word, values);
}

// Loads 16 bytes as fp32.
template <class T> __device__ __forceinline__ void load(const T* source, float (&values)[Vector<T>::Length])
{
    widen<T>(*reinterpret_cast<const uint4*>(source), values);
}

// Stores fp32 values as 16 bytes, rounded to nearest even.
template <class T> __device__ __forceinline__ void store(T* target, const float (&values)[Vector<T>::Length])
{
    uint32_t word[4];
    pack<T>(values, word);
    *reinterpret_cast<uint4*>(target) = make_uint4(word[0], word[1], word[2], word[3]);
}

// Loads N elements, in several vectors of 16 bytes where needed: for kernels that mix element types.
template <class T, int N> __device__ __forceinline__ void load_wide(const T* source, float (&values)[N])
{
    constexpr int Length = Vector<T>::Length;
#pragma unroll
    for (int start = 0; start < N; start += Length)
    {
        float vector[Length];
        load(source + start, vector);
#pragma unroll
        for (int i = 0; i < Length; i++) values[start + i] = vector[i];
    }
}

// Stores N elements, as load_wide loads them.
template <class T, int N> __device__ __forceinline__ void store_wide(T* target, const float (&values)[N])
{
    constexpr int Length = Vector<T>::Length;
#pragma unroll
    for (int start = 0; start < N; start += Length)
    {
        float vector[Length];
#pragma unroll
        for (int i = 0; i < Length; i++) vector[i] = values[start + i];
        store(target + start, vector);
    }
}

// Returns the sum over the warp to every lane, always added in the same order.
template <class T> __device__ __forceinline__ T warp_sum(T value)
{
#pragma unroll
    for (int distance = WarpSize / 2; distance > 0; distance /= 2)
        value += __shfl_xor_sync(AllLanes, value, distance);
    return value;
}

// Returns the maximum over the warp to every lane.
__device__ __forceinline__ float warp_max(float value)
{
#pragma unroll
    for (int distance = WarpSize / 2; distance > 0; distance /= 2)
        value = fmaxf(value, __shfl_xor_sync(AllLanes, value, distance));
    return value;
}

// Returns the sum over a block of whole warps to every thread. scratch: 32 floats of shared memory.
__device__ __forceinline__ float block_sum(float value, float* scratch)
{
    int lane = threadIdx.x % WarpSize;
    int warp = threadIdx.x / WarpSize;
    int warps = blockDim.x / WarpSize;
    value = warp_sum(value);
    __syncthreads();
    if (lane == 0) scratch[warp] = value;
    __syncthreads();
    return warp_sum(lane < warps ? scratch[lane] : 0.0f);
}

// Returns the maximum over a block of whole warps to every thread. scratch: 32 floats of shared memory.
__device__ __forceinline__ float block_max(float value, float* scratch)
{
    int lane = threadIdx.x % WarpSize;
    int warp = threadIdx.x / WarpSize;
    int warps = blockDim.x / WarpSize;
    value = warp_max(value);
    __syncthreads();
    if (lane == 0) scratch[warp] = value;
    __syncthreads();
    return warp_max(lane < warps ? scratch[lane] : -infinity());
}

// Entries of one element type, which the options may leave out.
#ifndef WITHOUT_F32
#define IF_F32(...) __VA_ARGS__
#else
#define IF_F32(...)
#endif

#ifndef WITHOUT_BF16
#define IF_BF16(...) __VA_ARGS__
#else
#define IF_BF16(...)
#endif

#ifndef WITHOUT_F16
#define IF_F16(...) __VA_ARGS__
#else
#define IF_F16(...)
#endif

// Instantiates a kernel's entries for the element types of training and embedding.
#define FOR_EACH_TYPE(ENTRY) IF_F32(ENTRY(f32, float)) IF_BF16(ENTRY(bf16, bf16)) IF_F16(ENTRY(f16, f16))

// What every kernel may use: element types, 16-byte vectors of them, sums over a warp and over a block. Nothing here knows of BERT.
#pragma once

#ifndef SOFTCUDA
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
#define DYNAMIC_SHARED(type, name) extern __shared__ uint4 dynamic_shared_memory[]; type* name = reinterpret_cast<type*>(dynamic_shared_memory)
#else
#define DYNAMIC_SHARED(type, name) type* name = reinterpret_cast<type*>(simt_dynamic_shared())
#endif

constexpr int WarpSize = 32;
constexpr uint32_t AllLanes = 0xffffffffu;

// Storage of a bfloat16 and of a half; arithmetic is fp32's.
struct bf16 { uint16_t bits; };
struct f16 { uint16_t bits; };

#include "convert.cuh"

// As many elements as 16 bytes hold: 4 fp32, 8 bf16 or half.
template <class T> struct Vector
{
    static constexpr int Length = 16 / sizeof(T);
};

// 16 bytes as fp32.
template <class T> __device__ __forceinline__ void widen(const uint4& words, float (&values)[Vector<T>::Length])
{
    const uint32_t word[4] = {words.x, words.y, words.z, words.w};
    unpack<T>(word, values);
}

// Reads 16 bytes as fp32.
template <class T> __device__ __forceinline__ void load(const T* source, float (&values)[Vector<T>::Length])
{
    widen<T>(*reinterpret_cast<const uint4*>(source), values);
}

// Writes fp32 as 16 bytes, rounded to nearest even.
template <class T> __device__ __forceinline__ void store(T* target, const float (&values)[Vector<T>::Length])
{
    uint32_t word[4];
    pack<T>(values, word);
    *reinterpret_cast<uint4*>(target) = make_uint4(word[0], word[1], word[2], word[3]);
}

// As many elements as values has, several vectors of 16 bytes where it takes them: for what mixes element types.
template <class T, int N> __device__ __forceinline__ void load_wide(const T* source, float (&values)[N])
{
    constexpr int Length = Vector<T>::Length;
#pragma unroll
    for (int first = 0; first < N; first += Length)
    {
        float part[Length];
        load(source + first, part);
#pragma unroll
        for (int i = 0; i < Length; i++) values[first + i] = part[i];
    }
}

template <class T, int N> __device__ __forceinline__ void store_wide(T* target, const float (&values)[N])
{
    constexpr int Length = Vector<T>::Length;
#pragma unroll
    for (int first = 0; first < N; first += Length)
    {
        float part[Length];
#pragma unroll
        for (int i = 0; i < Length; i++) part[i] = values[first + i];
        store(target + first, part);
    }
}

// The sum over a warp, in every lane, always in the same order.
__device__ __forceinline__ float warp_sum(float value)
{
#pragma unroll
    for (int distance = WarpSize / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(AllLanes, value, distance);
    return value;
}

__device__ __forceinline__ float warp_max(float value)
{
#pragma unroll
    for (int distance = WarpSize / 2; distance > 0; distance /= 2) value = fmaxf(value, __shfl_xor_sync(AllLanes, value, distance));
    return value;
}

// The sum over a block of whole warps, in every thread. scratch: 32 floats of shared memory.
__device__ __forceinline__ float block_sum(float value, float* scratch)
{
    int lane = threadIdx.x % WarpSize, warp = threadIdx.x / WarpSize, warps = blockDim.x / WarpSize;
    value = warp_sum(value);
    __syncthreads();
    if (lane == 0) scratch[warp] = value;
    __syncthreads();
    return warp_sum(lane < warps ? scratch[lane] : 0.0f);
}

__device__ __forceinline__ float block_max(float value, float* scratch)
{
    int lane = threadIdx.x % WarpSize, warp = threadIdx.x / WarpSize, warps = blockDim.x / WarpSize;
    value = warp_max(value);
    __syncthreads();
    if (lane == 0) scratch[warp] = value;
    __syncthreads();
    return warp_max(lane < warps ? scratch[lane] : __uint_as_float(0xff800000u));
}

// The entries of a kernel for the element types that training and embedding use.
#define FOR_EACH_TYPE(ENTRY) ENTRY(f32, float) ENTRY(bf16, bf16) ENTRY(f16, f16)

// Conversions between fp32 and the 16-bit types: PTX, and for SoftCuda the same in plain C++.
#pragma once

#ifndef SOFTCUDA
__device__ __forceinline__ float to_float(bf16 value)
{
    return __uint_as_float(static_cast<uint32_t>(value.bits) << 16);
}
__device__ __forceinline__ float to_float(f16 value)
{
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
    return result;
}
__device__ __forceinline__ uint16_t to_bf16_bits(float value)
{
    uint16_t bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}
__device__ __forceinline__ uint16_t to_f16_bits(float value)
{
    uint16_t bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}
// Converts two values to one word; low goes into bits 0 … 15.
template <class T> __device__ __forceinline__ uint32_t to_pair(float low, float high);
template <> __device__ __forceinline__ uint32_t to_pair<bf16>(float low, float high)
{
    uint32_t pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}
template <> __device__ __forceinline__ uint32_t to_pair<f16>(float low, float high)
{
    uint32_t pair;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}
#else
inline float to_float(bf16 value) { return __uint_as_float(static_cast<uint32_t>(value.bits) << 16); }
inline float to_float(f16 value)
{
    uint32_t sign = (value.bits & 0x8000u) << 16;
    uint32_t exponent = (value.bits >> 10) & 31;
    uint32_t fraction = value.bits & 1023;
    if (exponent == 31) return __uint_as_float(sign | 0x7F800000u | fraction << 13);
    if (exponent != 0) return __uint_as_float(sign | (exponent + 112) << 23 | fraction << 13);
    float small = ldexpf(static_cast<float>(fraction), -24);
    return sign ? -small : small;
}
inline uint16_t to_bf16_bits(float value)
{
    uint32_t bits = __float_as_uint(value);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return 0x7FFF;
    return static_cast<uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16);
}
inline uint16_t to_f16_bits(float value)
{
    uint32_t bits = __float_as_uint(value);
    uint32_t sign = (bits >> 16) & 0x8000u;
    uint32_t magnitude = bits & 0x7FFFFFFFu;
    bool is_nan = magnitude > 0x7F800000u;
    bool overflows = magnitude >= 0x477FF000u;
    bool is_subnormal = magnitude < 0x38800000u;
    if (is_nan) return 0x7FFF;
    if (overflows) return static_cast<uint16_t>(sign | 0x7C00u);
    if (is_subnormal)
    {
        // A multiple of 2^-24, ties to even.
        float multiple = nearbyintf(ldexpf(fabsf(value), 24));
        return static_cast<uint16_t>(sign | static_cast<uint32_t>(multiple));
    }
    uint32_t rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1);
    return static_cast<uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}
#endif

__device__ __forceinline__ float to_float(float value) { return value; }
template <class T> __device__ __forceinline__ T from_float(float value);
template <> __device__ __forceinline__ float from_float<float>(float value) { return value; }
template <> __device__ __forceinline__ bf16 from_float<bf16>(float value) { return {to_bf16_bits(value)}; }
template <> __device__ __forceinline__ f16 from_float<f16>(float value) { return {to_f16_bits(value)}; }

#ifdef SOFTCUDA
template <class T> inline uint32_t to_pair(float low, float high)
{
    uint32_t upper_half = from_float<T>(high).bits;
    return from_float<T>(low).bits | upper_half << 16;
}
#endif

// Converts 16 bytes, 4 or 8 elements, to fp32.
template <class T, int N> __device__ __forceinline__ void unpack(const uint32_t (&word)[4], float (&values)[N])
{
#pragma unroll
    for (int i = 0; i < N; i++)
        if constexpr (N == 4) values[i] = __uint_as_float(word[i]);
        else values[i] = to_float(T{static_cast<uint16_t>(word[i / 2] >> (16 * (i % 2)))});
}

// Converts fp32 to 16 bytes, 4 or 8 elements.
template <class T, int N> __device__ __forceinline__ void pack(const float (&values)[N], uint32_t (&word)[4])
{
#pragma unroll
    for (int i = 0; i < 4; i++)
        if constexpr (N == 4) word[i] = __float_as_uint(values[i]);
        else word[i] = to_pair<T>(values[2 * i], values[2 * i + 1]);
}

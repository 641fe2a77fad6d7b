// Functions of fp32 that take one instruction and are off by about two units in the last place: PTX, and for SoftCuda
// the same in plain C++. They flush subnormal numbers to 0.
#pragma once

#ifndef SOFTCUDA
__device__ __forceinline__ float exp2_approx(float x)
{
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}
__device__ __forceinline__ float log2_approx(float x)
{
    float result;
    asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}
__device__ __forceinline__ float reciprocal_approx(float x)
{
    float result;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}
#else
inline float flushed(float x) { return fabsf(x) < 1.17549435e-38f ? copysignf(0.0f, x) : x; }
inline float exp2_approx(float x) { return flushed(exp2f(flushed(x))); }
inline float log2_approx(float x) { return log2f(flushed(x)); }
inline float reciprocal_approx(float x) { return flushed(1 / flushed(x)); }
#endif

// Shared memory by addresses of 32 bits, and asynchronous copies to it: PTX, and for SoftCuda the same in plain C++.
#pragma once
#include "common.cuh"

#ifndef SOFTCUDA
// The address of a 16-bit element. Instructions add constants to it themselves, unlike to a pointer of 64 bits.
struct SharedAddress
{
    uint32_t bytes;

    __device__ __forceinline__ SharedAddress(const void* pointer)
    {
        asm("{ .reg .u64 wide; cvta.to.shared.u64 wide, %1; cvt.u32.u64 %0, wide; }" : "=r"(bytes) : "l"(pointer));
    }
    __device__ __forceinline__ SharedAddress operator+(int elements) const
    {
        SharedAddress sum = *this;
        sum.bytes += elements * static_cast<int>(sizeof(uint16_t));
        return sum;
    }
};

// Copies 16 bytes from global to shared memory, zeros unless the source exists, until wait_for_copies.
__device__ __forceinline__ void copy_async(SharedAddress target, const void* source, bool exists)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 :
                 : "r"(target.bytes), "l"(source), "r"(exists ? 16 : 0)
                 : "memory");
}

// Waits for the thread's own copies; other threads need a barrier after it.
__device__ __forceinline__ void wait_for_copies() { asm volatile("cp.async.wait_all;" ::: "memory"); }
#else
struct SharedAddress
{
    uint16_t* elements;

    SharedAddress(const void* pointer) : elements(static_cast<uint16_t*>(const_cast<void*>(pointer))) {}
    SharedAddress operator+(int count) const { return elements + count; }
};

inline void copy_async(SharedAddress target, const void* source, bool exists)
{
    simt_copy_async(target.elements, exists ? source : nullptr);
}

inline void wait_for_copies() { simt_wait_for_copies(); }
#endif

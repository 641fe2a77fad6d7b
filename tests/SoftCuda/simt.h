// The part of CUDA C++ that the kernels use, for g++. Every thread of a block is a fiber on one OS thread; blocks and
// threads run in an order that is shuffled by a seed.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <utility>
#include "simt_types.h"

#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __grid_constant__
// One block runs at a time, so shared memory is a section of the module. It is poisoned before each block.
#define __shared__ static __attribute__((section("simt_shared"), aligned(16)))

#define SIMT_VISIBLE extern "C" __attribute__((visibility("default")))
#define SIMT_UNCOUNTED __attribute__((no_sanitize_address))

struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(8) float2 { float x, y; };

inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline float2 make_float2(float x, float y) { return {x, y}; }

// Reinterprets the bits of a value.
template <class To, class From> inline To simt_bits(From from)
{
    static_assert(sizeof(To) == sizeof(From));
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}

inline float __uint_as_float(unsigned bits) { return simt_bits<float>(bits); }
inline unsigned __float_as_uint(float value) { return simt_bits<unsigned>(value); }
inline float __int_as_float(int bits) { return simt_bits<float>(bits); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(static_cast<uint64_t>(a) * b >> 32); }
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift)
{
    return static_cast<unsigned>((static_cast<uint64_t>(high) << 32 | low) >> (shift & 31));
}
inline float rsqrtf(float x) { return 1 / sqrtf(x); }
inline float __expf(float x) { return expf(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline double cospi(double x) { return cos(3.14159265358979323846 * x); }
template <class T> inline T min(T a, T b) { return b < a ? b : a; }
template <class T> inline T max(T a, T b) { return a < b ? b : a; }

extern thread_local SimtThread* simt_current;
extern thread_local SimtHost* simt_host;
#define threadIdx (simt_current->thread)
#define blockIdx (simt_host->block)
#define blockDim (simt_host->block_size)
#define gridDim (simt_host->grid_size)

inline void __syncthreads() { simt_host->wait(SimtState::AtBarrier); }
inline void __syncwarp(unsigned = ~0u) { simt_host->wait(SimtState::AtWarp); }
inline void* simt_dynamic_shared() { return simt_host->dynamic_shared; }
inline int simt_lane() { return simt_current->index % 32; }

// Publishes a lane's value and reads another's once all lanes of the warp have arrived. With two slots a lane that runs
// ahead overwrites nothing.
template <class T> inline T simt_exchange(T value, int source)
{
    static_assert(sizeof(T) <= 8);
    SimtThread* self = simt_current;
    int slot = self->slot ^= 1;
    memcpy(&self->lane_value[slot], &value, sizeof(T));
    simt_host->wait(SimtState::AtWarp);
    T result;
    memcpy(&result, &simt_host->lane(self, source)->lane_value[slot], sizeof(T));
    return result;
}

// The same for instructions of a whole warp: publishes up to eight words; simt_shared_by reads those of any lane.
inline int simt_share(const void* words, size_t bytes)
{
    SimtThread* self = simt_current;
    int slot = self->slot ^= 1;
    memcpy(self->lane_words[slot], words, bytes);
    simt_host->wait(SimtState::AtWarp);
    return slot;
}

inline const void* simt_shared_by(int lane, int slot) { return simt_host->lane(simt_current, lane)->lane_words[slot]; }

template <class T> inline T __shfl_sync(unsigned, T value, int lane) { return simt_exchange(value, lane & 31); }

template <class T> inline T __shfl_xor_sync(unsigned, T value, int mask)
{
    return simt_exchange(value, simt_lane() ^ mask);
}

template <class T> inline T __shfl_down_sync(unsigned, T value, unsigned delta)
{
    int source = simt_lane() + static_cast<int>(delta);
    return simt_exchange(value, source < 32 ? source : simt_lane());
}

template <class T> inline T __shfl_up_sync(unsigned, T value, unsigned delta)
{
    int source = simt_lane() - static_cast<int>(delta);
    return simt_exchange(value, source >= 0 ? source : simt_lane());
}

inline unsigned __ballot_sync(unsigned, bool predicate)
{
    uint32_t word = predicate;
    int slot = simt_share(&word, sizeof word);
    unsigned ballot = 0;
    for (int lane = 0; lane < 32; lane++) ballot |= *static_cast<const uint32_t*>(simt_shared_by(lane, slot)) << lane;
    return ballot;
}

// The target is NaN until the thread waits.
inline void simt_copy_async(void* target, const void* source)
{
    memset(target, 0xFF, 16);
    simt_current->copies[simt_current->copy_count++ % 32] = {target, source};
}

inline void simt_wait_for_copies()
{
    for (int i = 0; i < simt_current->copy_count; i++)
    {
        const SimtCopy& copy = simt_current->copies[i % 32];
        if (copy.source) memcpy(copy.target, copy.source, 16);
        else memset(copy.target, 0, 16);
    }
    simt_current->copy_count = 0;
}

template <class T> inline T simt_fetch_add(T* target, T value)
{
    T old = *target;
    *target += value;
    return old;
}

inline int atomicAdd(int* target, int value) { return simt_fetch_add(target, value); }
inline unsigned atomicAdd(unsigned* target, unsigned value) { return simt_fetch_add(target, value); }

// Turns the arguments of a launch into a call. The types are known here, so an address passed as a number is found, and
// a number passed as an address.
template <class T> inline T simt_argument(void* slot, int index)
{
    if constexpr (std::is_class_v<T>) simt_host->check_struct(slot, index, sizeof(T));
    else simt_host->check_argument(slot, index, std::is_pointer_v<T>, sizeof(T));
    T value;
    memcpy(&value, slot, sizeof(T));
    return value;
}

template <class... A, size_t... I> inline void simt_call(void (*kernel)(A...), void** slots, std::index_sequence<I...>)
{
    kernel(simt_argument<A>(slots[I], I)...);
}

template <class... A> inline void simt_call(void (*kernel)(A...), void** slots)
{
    simt_call(kernel, slots, std::index_sequence_for<A...>{});
}

// Returns the size of a parameter, or 0 past the last.
template <class... A> SIMT_UNCOUNTED inline int simt_size(void (*)(A...), int index)
{
    const int sizes[] = {static_cast<int>(sizeof(A))..., 0};
    return sizes[index];
}

#define SIMT_EXPORT(kernel) \
    SIMT_VISIBLE void kernel##__call(void** slots) { simt_call(kernel, slots); } \
    SIMT_VISIBLE SIMT_UNCOUNTED int kernel##__size(int index) { return simt_size(kernel, index); }

extern "C" __attribute__((visibility("hidden"), weak)) char __start_simt_shared, __stop_simt_shared;
thread_local SimtThread* simt_current;
thread_local SimtHost* simt_host;

SIMT_VISIBLE SIMT_UNCOUNTED void simt_enter(SimtHost* host, SimtThread* thread)
{
    simt_host = host;
    simt_current = thread;
}

SIMT_VISIBLE SIMT_UNCOUNTED void simt_poison()
{
    if (&__start_simt_shared) memset(&__start_simt_shared, 0xFF, &__stop_simt_shared - &__start_simt_shared);
}

// The calls that g++ makes of accesses where it is told to.
#ifdef SIMT_TRAFFIC
#define SIMT_CALLED extern "C" __attribute__((visibility("hidden"), no_sanitize_address)) void
SIMT_CALLED simt_touch(uint64_t at, size_t bytes, bool writes)
{
    if (simt_host) simt_host->touch(at, bytes, writes);
}
#define SIMT_ACCESS(bytes) \
    SIMT_CALLED __asan_load##bytes##_noabort(uint64_t at) { simt_touch(at, bytes, false); } \
    SIMT_CALLED __asan_store##bytes##_noabort(uint64_t at) { simt_touch(at, bytes, true); }
SIMT_ACCESS(1)
SIMT_ACCESS(2)
SIMT_ACCESS(4)
SIMT_ACCESS(8)
SIMT_ACCESS(16)
SIMT_CALLED __asan_loadN_noabort(uint64_t at, size_t bytes) { simt_touch(at, bytes, false); }
SIMT_CALLED __asan_storeN_noabort(uint64_t at, size_t bytes) { simt_touch(at, bytes, true); }
SIMT_CALLED __asan_handle_no_return() {}
#endif

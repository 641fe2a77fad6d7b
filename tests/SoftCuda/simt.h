// What a .cu file sees of CUDA when g++ compiles it: every thread of a block is a fiber on one OS thread. Blocks and threads run in an order shuffled by a seed.
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
// One block runs at a time, so that shared memory is a section of the module: poisoned before each block.
#define __shared__ static __attribute__((section("simt_shared"), aligned(16)))

struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(8) float2 { float x, y; };
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline float2 make_float2(float x, float y) { return {x, y}; }

inline float __uint_as_float(unsigned bits) { float value; memcpy(&value, &bits, 4); return value; }
inline unsigned __float_as_uint(float value) { unsigned bits; memcpy(&bits, &value, 4); return bits; }
inline float __int_as_float(int bits) { return __uint_as_float(static_cast<unsigned>(bits)); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(static_cast<uint64_t>(a) * b >> 32); }
inline float rsqrtf(float x) { return 1 / sqrtf(x); }
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

// A lane leaves its value and takes another's once all lanes of the warp have come. Two slots, so that a lane that runs ahead overwrites nothing.
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
// The same for instructions of a whole warp: a lane leaves up to eight words, and reads those of any other.
inline int simt_share(const void* words, size_t bytes)
{
    SimtThread* self = simt_current;
    int slot = self->slot ^= 1;
    memcpy(self->lane_words[slot], words, bytes);
    simt_host->wait(SimtState::AtWarp);
    return slot;
}
inline const void* simt_shared_by(int lane, int slot) { return simt_host->lane(simt_current, lane)->lane_words[slot]; }
inline int simt_lane() { return simt_current->index % 32; }
template <class T> inline T __shfl_xor_sync(unsigned, T value, int mask) { return simt_exchange(value, simt_lane() ^ mask); }
template <class T> inline T __shfl_sync(unsigned, T value, int lane) { return simt_exchange(value, lane & 31); }
template <class T> inline T __shfl_down_sync(unsigned, T value, unsigned d) { int l = simt_lane(); return simt_exchange(value, l + static_cast<int>(d) < 32 ? l + static_cast<int>(d) : l); }
template <class T> inline T __shfl_up_sync(unsigned, T value, unsigned d) { int l = simt_lane(); return simt_exchange(value, l >= static_cast<int>(d) ? l - static_cast<int>(d) : l); }
inline int atomicAdd(int* target, int value) { int old = *target; *target += value; return old; }
inline unsigned atomicAdd(unsigned* target, unsigned value) { unsigned old = *target; *target += value; return old; }

// How a launch's arguments become a call: types are known here, so that an address where a number belongs is found, and a number where an address does.
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
template <class... A> inline void simt_call(void (*kernel)(A...), void** slots) { simt_call(kernel, slots, std::index_sequence_for<A...>{}); }
// The size of a parameter, or 0 past the last.
template <class... A> inline int simt_size(void (*)(A...), int index)
{
    const int sizes[] = {static_cast<int>(sizeof(A))..., 0};
    return sizes[index];
}

#define SIMT_EXPORT(kernel) \
    extern "C" __attribute__((visibility("default"))) void kernel##__call(void** slots) { simt_call(kernel, slots); } \
    extern "C" __attribute__((visibility("default"))) int kernel##__size(int index) { return simt_size(kernel, index); }

extern "C" __attribute__((visibility("hidden"), weak)) char __start_simt_shared, __stop_simt_shared;
thread_local SimtThread* simt_current;
thread_local SimtHost* simt_host;
extern "C" __attribute__((visibility("default"))) void simt_enter(SimtHost* host, SimtThread* thread) { simt_host = host; simt_current = thread; }
extern "C" __attribute__((visibility("default"))) void simt_poison()
{
    if (&__start_simt_shared) memset(&__start_simt_shared, 0xFF, &__stop_simt_shared - &__start_simt_shared);
}

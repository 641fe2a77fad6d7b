// Device memory: allocations in one reserved range, with guards round each, poisoned with NaN, protected from the host while no device work runs.
#include "softcuda.h"
#include <sys/mman.h>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

namespace
{
constexpr size_t Reserved = size_t{1} << 36, Guard = 256;
constexpr unsigned char GuardByte = 0xA5;

struct Block { size_t bytes; };
std::map<uint64_t, Block> blocks;
uint64_t base, next_free;
size_t used, capacity;
int working;

bool protects() { static bool on = !getenv("SOFTCUDA_PROTECT") || atoi(getenv("SOFTCUDA_PROTECT")) != 0; return on; }

void reserve()
{
    if (base) return;
    base = reinterpret_cast<uint64_t>(mmap(nullptr, Reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    next_free = base + 4096;
    capacity = getenv("SOFTCUDA_MEMORY") ? strtoull(getenv("SOFTCUDA_MEMORY"), nullptr, 10) : size_t{8} << 30;
}

size_t padded(size_t bytes) { return (bytes + 2 * Guard + 4095) / 4096 * 4096; }
}

DeviceWork::DeviceWork()
{
    if (working++ == 0 && base) mprotect(reinterpret_cast<void*>(base), next_free - base, PROT_READ | PROT_WRITE);
}

DeviceWork::~DeviceWork()
{
    if (--working == 0 && base && protects()) mprotect(reinterpret_cast<void*>(base), next_free - base, PROT_NONE);
}

bool is_device_address(uint64_t address) { return base && address >= base && address < base + Reserved; }

bool is_live(uint64_t address, size_t bytes)
{
    auto after = blocks.upper_bound(address);
    if (after == blocks.begin()) return false;
    auto [start, block] = *std::prev(after);
    return address + bytes <= start + block.bytes;
}

void check_guards(const char* after)
{
    for (auto& [start, block] : blocks)
        for (size_t i = 0; i < Guard; i++)
            if (reinterpret_cast<unsigned char*>(start)[-1 - static_cast<ptrdiff_t>(i)] != GuardByte || reinterpret_cast<unsigned char*>(start + block.bytes)[i] != GuardByte)
            {
                fail(IllegalAddress, std::string(after) + " wrote outside an allocation of " + std::to_string(block.bytes) + " bytes");
                return;
            }
}

void repair_guards()
{
    DeviceWork work;
    for (auto& [start, block] : blocks)
    {
        memset(reinterpret_cast<void*>(start - Guard), GuardByte, Guard);
        memset(reinterpret_cast<void*>(start + block.bytes), GuardByte, Guard);
    }
}

EXPORT int cuMemAlloc_v2(uint64_t* address, size_t bytes)
{
    if (int error = enter("cuMemAlloc_v2")) return error;
    reserve();
    if (bytes == 0) return InvalidValue;
    if (is_capturing()) return fail(CaptureUnsupported, "cuMemAlloc while a stream is captured");
    if (used + bytes > capacity || next_free + padded(bytes) > base + Reserved) return OutOfMemory;
    // Addresses are not used again: a pointer to freed memory stays wrong.
    uint64_t start = next_free + Guard;
    next_free += padded(bytes);
    DeviceWork work;
    memset(reinterpret_cast<void*>(start - Guard), GuardByte, Guard);
    memset(reinterpret_cast<void*>(start), 0xFF, bytes);
    memset(reinterpret_cast<void*>(start + bytes), GuardByte, Guard);
    blocks[start] = {bytes};
    used += bytes;
    *address = start;
    return Success;
}

EXPORT int cuMemFree_v2(uint64_t address)
{
    if (int error = enter("cuMemFree_v2")) return error;
    if (is_capturing()) return fail(CaptureUnsupported, "cuMemFree while a stream is captured");
    run_all();
    auto found = blocks.find(address);
    if (found == blocks.end()) return fail(InvalidValue, "cuMemFree of an address that was not allocated");
    {
        DeviceWork work;
        check_guards("something before cuMemFree");
        madvise(reinterpret_cast<void*>((address + 4095) / 4096 * 4096), found->second.bytes / 4096 * 4096, MADV_DONTNEED);
    }
    used -= found->second.bytes;
    blocks.erase(found);
    return sticky_error();
}

EXPORT int cuMemGetInfo_v2(size_t* free_bytes, size_t* total)
{
    if (int error = enter("cuMemGetInfo_v2")) return error;
    reserve();
    *free_bytes = capacity - used;
    *total = capacity;
    return Success;
}

EXPORT int cuMemHostAlloc(void** address, size_t bytes, unsigned)
{
    if (int error = enter("cuMemHostAlloc")) return error;
    *address = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    return *address ? Success : OutOfMemory;
}

EXPORT int cuMemFreeHost(void* address)
{
    run_all();
    free(address);
    return Success;
}

// What is copied is read when the stream comes to it: a host buffer that is filled anew too early shows.
static int copy(const char* call, void* stream, uint64_t target, bool target_on_device, uint64_t source, bool source_on_device, size_t bytes)
{
    if (int error = enter(call)) return error;
    if (target_on_device ? !is_live(target, bytes) : is_device_address(target)) return fail(InvalidValue, std::string(call) + ": the target is not where it must be");
    if (source_on_device ? !is_live(source, bytes) : is_device_address(source)) return fail(InvalidValue, std::string(call) + ": the source is not where it must be");
    enqueue(stream, [=] { DeviceWork work; memmove(reinterpret_cast<void*>(target), reinterpret_cast<void*>(source), bytes); });
    return Success;
}

EXPORT int cuMemcpyHtoDAsync_v2(uint64_t target, const void* source, size_t bytes, void* stream) { return copy("cuMemcpyHtoDAsync_v2", stream, target, true, reinterpret_cast<uint64_t>(source), false, bytes); }
EXPORT int cuMemcpyDtoHAsync_v2(void* target, uint64_t source, size_t bytes, void* stream) { return copy("cuMemcpyDtoHAsync_v2", stream, reinterpret_cast<uint64_t>(target), false, source, true, bytes); }
EXPORT int cuMemcpyDtoDAsync_v2(uint64_t target, uint64_t source, size_t bytes, void* stream) { return copy("cuMemcpyDtoDAsync_v2", stream, target, true, source, true, bytes); }

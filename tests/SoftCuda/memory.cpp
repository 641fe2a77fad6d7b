// Device memory: allocations in one reserved range with guard zones, filled with NaN, and protected from the host
// while no device work runs.
#include "softcuda.h"
#include <sys/mman.h>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

namespace
{
constexpr size_t Reserved = size_t{1} << 36;
constexpr size_t Guard = 256;
constexpr size_t PageBytes = 4096;
constexpr unsigned char GuardByte = 0xA5;
constexpr unsigned char PoisonByte = 0xFF;  // NaN in every floating-point type

std::map<uint64_t, size_t> allocations;  // bytes by address
uint64_t base;
uint64_t next_free;
size_t used;
size_t capacity;
int working;

unsigned char* pointer(uint64_t address) { return reinterpret_cast<unsigned char*>(address); }

void set_access(int access) { mprotect(pointer(base), next_free - base, access); }

bool protects()
{
    static bool on = !getenv("SOFTCUDA_PROTECT") || atoi(getenv("SOFTCUDA_PROTECT")) != 0;
    return on;
}

void reserve()
{
    if (base) return;
    constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    base = reinterpret_cast<uint64_t>(mmap(nullptr, Reserved, PROT_NONE, flags, -1, 0));
    next_free = base + PageBytes;
    const char* memory = getenv("SOFTCUDA_MEMORY");
    capacity = memory ? strtoull(memory, nullptr, 10) : size_t{8} << 30;
}

size_t with_guards(size_t bytes) { return (bytes + 2 * Guard + PageBytes - 1) / PageBytes * PageBytes; }

void write_guards(uint64_t start, size_t bytes)
{
    memset(pointer(start - Guard), GuardByte, Guard);
    memset(pointer(start + bytes), GuardByte, Guard);
}

bool are_guards_intact(uint64_t start, size_t bytes)
{
    const unsigned char* before = pointer(start - Guard);
    const unsigned char* after = pointer(start + bytes);
    for (size_t i = 0; i < Guard; i++)
        if (before[i] != GuardByte || after[i] != GuardByte) return false;
    return true;
}
}

DeviceWork::DeviceWork()
{
    if (working++ == 0 && base) set_access(PROT_READ | PROT_WRITE);
}

DeviceWork::~DeviceWork()
{
    if (--working == 0 && base && protects()) set_access(PROT_NONE);
}

bool is_device_address(uint64_t address) { return base && address >= base && address < base + Reserved; }

bool is_live(uint64_t address, size_t bytes)
{
    auto after = allocations.upper_bound(address);
    if (after == allocations.begin()) return false;
    auto [start, length] = *std::prev(after);
    return address + bytes <= start + length;
}

void check_guards(const char* after)
{
    for (auto& [start, bytes] : allocations)
    {
        if (are_guards_intact(start, bytes)) continue;
        std::string size = std::to_string(bytes) + " bytes";
        fail(IllegalAddress, std::string(after) + " wrote outside an allocation of " + size);
        return;
    }
}

void repair_guards()
{
    DeviceWork work;
    for (auto& [start, bytes] : allocations) write_guards(start, bytes);
}

EXPORT int cuMemAlloc_v2(uint64_t* address, size_t bytes)
{
    if (int error = enter("cuMemAlloc_v2")) return error;
    reserve();
    if (bytes == 0) return InvalidValue;
    if (is_capturing()) return fail(CaptureUnsupported, "cuMemAlloc while a stream is captured");
    if (used + bytes > capacity || next_free + with_guards(bytes) > base + Reserved) return OutOfMemory;
    // Addresses are never reused, so that a pointer to freed memory stays invalid.
    uint64_t start = next_free + Guard;
    next_free += with_guards(bytes);
    DeviceWork work;
    memset(pointer(start), PoisonByte, bytes);
    write_guards(start, bytes);
    allocations[start] = bytes;
    used += bytes;
    *address = start;
    return Success;
}

EXPORT int cuMemFree_v2(uint64_t address)
{
    if (int error = enter("cuMemFree_v2")) return error;
    if (is_capturing()) return fail(CaptureUnsupported, "cuMemFree while a stream is captured");
    run_all();
    auto found = allocations.find(address);
    if (found == allocations.end()) return fail(InvalidValue, "cuMemFree of an address that was not allocated");
    size_t bytes = found->second;
    {
        DeviceWork work;
        check_guards("something before cuMemFree");
        uint64_t first_page = (address + PageBytes - 1) / PageBytes * PageBytes;
        madvise(pointer(first_page), bytes / PageBytes * PageBytes, MADV_DONTNEED);
    }
    used -= bytes;
    allocations.erase(found);
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
    *address = aligned_alloc(PageBytes, (bytes + PageBytes - 1) / PageBytes * PageBytes);
    return *address ? Success : OutOfMemory;
}

EXPORT int cuMemFreeHost(void* address)
{
    run_all();
    free(address);
    return Success;
}

namespace
{
struct Range
{
    uint64_t address;
    bool on_device;
};

Range host(const void* address) { return {reinterpret_cast<uint64_t>(address), false}; }

Range device(uint64_t address) { return {address, true}; }

bool is_valid(Range range, size_t bytes)
{
    return range.on_device ? is_live(range.address, bytes) : !is_device_address(range.address);
}

// The source is read when the stream reaches the copy: a host buffer that was overwritten too early gives wrong data.
int copy(const char* call, void* stream, Range target, Range source, size_t bytes)
{
    if (int error = enter(call)) return error;
    if (!is_valid(target, bytes)) return fail(InvalidValue, std::string(call) + ": invalid target address");
    if (!is_valid(source, bytes)) return fail(InvalidValue, std::string(call) + ": invalid source address");
    enqueue(stream, [=] {
        DeviceWork work;
        memmove(pointer(target.address), pointer(source.address), bytes);
    });
    return Success;
}
}

EXPORT int cuMemcpyHtoDAsync_v2(uint64_t target, const void* source, size_t bytes, void* stream)
{
    return copy("cuMemcpyHtoDAsync_v2", stream, device(target), host(source), bytes);
}

EXPORT int cuMemcpyDtoHAsync_v2(void* target, uint64_t source, size_t bytes, void* stream)
{
    return copy("cuMemcpyDtoHAsync_v2", stream, host(target), device(source), bytes);
}

EXPORT int cuMemcpyDtoDAsync_v2(uint64_t target, uint64_t source, size_t bytes, void* stream)
{
    return copy("cuMemcpyDtoDAsync_v2", stream, device(target), device(source), bytes);
}

// Device memory: allocations in one reserved range with guard zones, filled with NaN or rubbish, and
// protected from the host while no device work runs.
#include "softcuda.h"
#include <sys/mman.h>
#include <unistd.h>
#include <algorithm>
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
constexpr size_t PoisonFileBytes = 32 << 20;

struct Allocation
{
    size_t bytes;
    Context* context;
};

std::map<uint64_t, Allocation> allocations;  // by address
uint64_t base;
uint64_t next_free;
size_t used;
size_t capacity;
int working;

unsigned char* pointer(uint64_t address) { return reinterpret_cast<unsigned char*>(address); }

void set_access(int access)
{
    if (allocations.empty()) return;
    uint64_t first = allocations.begin()->first - Guard;
    mprotect(pointer(first), next_free - first, access);
}

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

// A file of NaN or of rubbish, whose pages large allocations share until they are written: pages that were never
// touched cost nothing when the access to memory changes.
int poison_file(bool with_rubbish)
{
    static int files[2];
    int& file = files[with_rubbish];
    if (file) return file;
    file = memfd_create("poison", 0);
    std::vector<uint32_t> words(PoisonFileBytes / sizeof(uint32_t), 0xFFFFFFFF);  // NaN in every floating-point type
    if (with_rubbish)
        for (uint32_t& word : words) word = next_random(0xFFFFFFFF);
    if (write(file, words.data(), PoisonFileBytes) != static_cast<ssize_t>(PoisonFileBytes)) abort();
    return file;
}

// Every second allocation is full of NaN, the others of rubbish, as on hardware: of finite numbers too.
void fill(uint64_t start, size_t bytes)
{
    static bool with_rubbish = true;
    with_rubbish = !with_rubbish;
    int file = poison_file(with_rubbish);
    uint64_t end = start + bytes;
    while (start < end)
    {
        uint64_t part = std::min(end - start, (start / PageBytes + 1) * PageBytes - start);
        if (start % PageBytes == 0 && end - start >= PageBytes)
        {
            part = std::min(end - start, PoisonFileBytes) / PageBytes * PageBytes;
            mmap(pointer(start), part, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file, 0);
        }
        else if (pread(file, pointer(start), part, 0) != static_cast<ssize_t>(part)) abort();
        start += part;
    }
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

uint64_t device_memory_start() { return base; }

bool is_device_address(uint64_t address) { return base && address >= base && address < base + Reserved; }

bool is_live(uint64_t address, size_t bytes)
{
    Locked locked;
    auto after = allocations.upper_bound(address);
    if (after == allocations.begin()) return false;
    auto [start, allocation] = *std::prev(after);
    return allocation.context == active_context() && address + bytes <= start + allocation.bytes;
}

void check_guards(const char* after)
{
    for (auto& [start, allocation] : allocations)
    {
        if (are_guards_intact(start, allocation.bytes)) continue;
        std::string size = std::to_string(allocation.bytes) + " bytes";
        fail(IllegalAddress, std::string(after) + " wrote outside an allocation of " + size);
        return;
    }
}

void repair_guards()
{
    DeviceWork work;
    for (auto& [start, allocation] : allocations) write_guards(start, allocation.bytes);
}

EXPORT int cuMemAlloc_v2(uint64_t* address, size_t bytes)
{
    Locked locked;
    if (int error = enter("cuMemAlloc_v2")) return error;
    reserve();
    if (bytes == 0) return InvalidValue;
    if (is_capturing()) return fail(CaptureUnsupported, "cuMemAlloc while a stream is captured");
    if (used + bytes > capacity || next_free + with_guards(bytes) > base + Reserved) return OutOfMemory;
    // Addresses are never reused, so that a pointer to freed memory stays invalid.
    uint64_t start = next_free + Guard;
    next_free += with_guards(bytes);
    allocations[start] = {bytes, active_context()};
    used += bytes;
    DeviceWork work;
    fill(start, bytes);
    write_guards(start, bytes);
    *address = start;
    return Success;
}

EXPORT int cuMemFree_v2(uint64_t address)
{
    Locked locked;
    if (int error = enter("cuMemFree_v2")) return error;
    if (is_capturing()) return fail(CaptureUnsupported, "cuMemFree while a stream is captured");
    run_all();
    auto found = allocations.find(address);
    if (found == allocations.end()) return fail(InvalidValue, "cuMemFree of an address that was not allocated");
    size_t bytes = found->second.bytes;
    {
        DeviceWork work;
        check_guards("something before cuMemFree");
        constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
        mmap(pointer(address - Guard), with_guards(bytes), PROT_NONE, flags, -1, 0);
    }
    used -= bytes;
    allocations.erase(found);
    return sticky_error();
}

EXPORT int cuMemGetInfo_v2(size_t* free_bytes, size_t* total)
{
    Locked locked;
    if (int error = enter("cuMemGetInfo_v2")) return error;
    reserve();
    *free_bytes = capacity - used;
    *total = capacity;
    return Success;
}

EXPORT int cuMemHostAlloc(void** address, size_t bytes, unsigned)
{
    Locked locked;
    if (int error = enter("cuMemHostAlloc")) return error;
    *address = aligned_alloc(PageBytes, (bytes + PageBytes - 1) / PageBytes * PageBytes);
    return *address ? Success : OutOfMemory;
}

EXPORT int cuMemFreeHost(void* address)
{
    Locked locked;
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
    Locked locked;
    if (int error = enter(call)) return error;
    if (context_of(stream) != active_context()) return InvalidHandle;
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

EXPORT int cuMemsetD8Async(uint64_t target, unsigned char value, size_t bytes, void* stream)
{
    Locked locked;
    if (int error = enter("cuMemsetD8Async")) return error;
    if (context_of(stream) != active_context()) return InvalidHandle;
    if (!is_live(target, bytes)) return fail(InvalidValue, "cuMemsetD8Async: invalid address");
    enqueue(stream, [=] {
        DeviceWork work;
        memset(pointer(target), value, bytes);
    });
    return Success;
}

EXPORT int cuMemcpyDtoDAsync_v2(uint64_t target, uint64_t source, size_t bytes, void* stream)
{
    return copy("cuMemcpyDtoDAsync_v2", stream, device(target), device(source), bytes);
}

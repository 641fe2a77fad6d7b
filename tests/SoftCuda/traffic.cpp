#include "traffic.h"
#include "softcuda.h"
#include <sys/mman.h>
#include <map>

namespace
{
constexpr uint64_t SectorBytes = 32;
constexpr uint64_t MaxBytes = uint64_t{1} << 36;

struct Traffic
{
    int64_t launches = 0;
    int64_t read = 0;
    int64_t written = 0;
};

bool counting;
std::map<std::string, Traffic> traffic;  // by kernel
Traffic current;

// The last launch that read, and that wrote, each sector.
uint32_t* readers;
uint32_t* writers;
uint32_t launch;
uint64_t first_sector;

uint32_t* reserve()
{
    size_t bytes = MaxBytes / SectorBytes * sizeof(uint32_t);
    constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    return static_cast<uint32_t*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, -1, 0));
}
}

bool counts_traffic() { return counting; }

void begin_traffic()
{
    if (!readers)
    {
        readers = reserve();
        writers = reserve();
        first_sector = device_memory_start() / SectorBytes;
    }
    launch++;
    current = {};
}

void touch(uint64_t address, int bytes, bool writes)
{
    if (!is_device_address(address)) return;
    uint64_t end = (address + bytes - 1) / SectorBytes - first_sector;
    for (uint64_t sector = address / SectorBytes - first_sector; sector <= end; sector++)
    {
        bool is_new = writers[sector] != launch;
        if (writes)
        {
            current.written += is_new;
            writers[sector] = launch;
        }
        else
        {
            current.read += is_new && readers[sector] != launch;
            readers[sector] = launch;
        }
    }
}

void end_traffic(const std::string& kernel)
{
    add_traffic(kernel, current.read * SectorBytes, current.written * SectorBytes);
}

void add_traffic(const std::string& kernel, int64_t read, int64_t written)
{
    Traffic& sum = traffic[kernel];
    sum.launches++;
    sum.read += read;
    sum.written += written;
}

// Starts or ends counting. Backends that exist keep the kernels that they have.
EXPORT void softcuda_count_traffic(int on)
{
    Locked locked;
    counting = on;
}

// Returns a line for each kernel since the last call: name, launches, bytes read, bytes written, separated by tabs.
EXPORT const char* softcuda_take_traffic()
{
    static std::string table;
    Locked locked;
    table.clear();
    for (auto& [kernel, sum] : traffic)
        table += kernel + '\t' + std::to_string(sum.launches) + '\t' + std::to_string(sum.read) + '\t'
            + std::to_string(sum.written) + '\n';
    traffic.clear();
    return table.c_str();
}

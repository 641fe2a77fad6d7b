// Devices, contexts and errors of the driver, and injected faults.
#include "softcuda.h"
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

namespace
{
constexpr int InvalidDevice = 101;

// Device attributes that are answered.
enum
{
    MultiprocessorCount = 16,
    ComputeCapabilityMajor = 75,
    ComputeCapabilityMinor = 76,
    MaxSharedMemoryPerBlockOptin = 97,
};

struct Fault
{
    int count;
    int code;
};

int sticky;
int initialized;
thread_local void* current;
int primary;

// The primary context belongs to one thread at a time.
std::mutex owner_mutex;
std::condition_variable released;
std::thread::id owner;
int owner_count;

std::mutex fault_mutex;
std::map<std::string, Fault> faults;

// Drops pending work, errors and faults: on hardware they end with the context too.
void reset_context()
{
    run_all();
    repair_guards();
    sticky = 0;
    std::lock_guard lock(fault_mutex);
    faults.clear();
}

// Counts a call and returns the code of its injected fault if this is the call to fail.
int injected_fault(const char* call)
{
    std::lock_guard lock(fault_mutex);
    auto fault = faults.find(call);
    if (fault == faults.end() || --fault->second.count != 0) return Success;
    fprintf(stderr, "softcuda: %s fails: an injected fault\n", call);
    return fault->second.code;
}

// Reads SOFTCUDA_FAULT=NAME:COUNT:CODE: the COUNTth call of NAME fails with CODE.
void read_faults()
{
    const char* text = getenv("SOFTCUDA_FAULT");
    char name[64];
    int count;
    int code;
    if (text && sscanf(text, "%63[^:]:%d:%d", name, &count, &code) == 3) faults[name] = {count, code};
}
}

int fail(int code, const std::string& message)
{
    fprintf(stderr, "softcuda: %s\n", message.c_str());
    if (!sticky) sticky = code;
    return code;
}

int sticky_error() { return sticky; }

int enter(const char* call, bool needs_context)
{
    if (!initialized) return NotInitialized;
    if (int code = injected_fault(call)) return code;
    if (!needs_context) return Success;
    if (sticky) return sticky;
    return current == &primary ? Success : InvalidContext;
}

EXPORT void softcuda_inject(const char* name, int count, int code)
{
    std::lock_guard lock(fault_mutex);
    faults[name] = {count, code};
}

// Does nothing if another thread owns the context.
EXPORT void softcuda_reset()
{
    std::lock_guard lock(owner_mutex);
    if (owner_count == 0 || owner == std::this_thread::get_id()) reset_context();
}

EXPORT int cuInit(unsigned)
{
    if (!initialized) read_faults();
    initialized = 1;
    return enter("cuInit", false);
}

EXPORT int cuDriverGetVersion(int* version)
{
    *version = 12060;
    return Success;
}

EXPORT int cuDeviceGetCount(int* count)
{
    *count = 1;
    return enter("cuDeviceGetCount", false);
}

EXPORT int cuDeviceGet(int* device, int ordinal)
{
    *device = ordinal;
    return ordinal == 0 ? enter("cuDeviceGet", false) : InvalidDevice;
}

EXPORT int cuDeviceGetName(char* name, int length, int)
{
    snprintf(name, length, "SoftCuda");
    return enter("cuDeviceGetName", false);
}

EXPORT int cuDeviceTotalMem_v2(size_t* bytes, int)
{
    *bytes = size_t{8} << 30;
    return enter("cuDeviceTotalMem_v2", false);
}

EXPORT int cuDeviceGetAttribute(int* value, int attribute, int)
{
    switch (attribute)
    {
        case MultiprocessorCount: *value = 4; break;
        case ComputeCapabilityMajor: *value = 9; break;
        case ComputeCapabilityMinor: *value = 0; break;
        case MaxSharedMemoryPerBlockOptin: *value = 227 * 1024; break;
        default: return InvalidValue;
    }
    return enter("cuDeviceGetAttribute", false);
}

// Another thread that retains the context waits until it is released, so that tests may run in parallel.
EXPORT int cuDevicePrimaryCtxRetain(void** context, int)
{
    std::unique_lock lock(owner_mutex);
    released.wait(lock, [] { return owner_count == 0 || owner == std::this_thread::get_id(); });
    owner = std::this_thread::get_id();
    owner_count++;
    *context = &primary;
    return enter("cuDevicePrimaryCtxRetain", false);
}

EXPORT int cuDevicePrimaryCtxRelease_v2(int)
{
    run_all();
    std::unique_lock lock(owner_mutex);
    if (--owner_count == 0) reset_context();
    released.notify_all();
    return Success;
}

EXPORT int cuCtxSetCurrent(void* context)
{
    current = context;
    return context == nullptr || context == &primary ? Success : InvalidContext;
}

EXPORT int cuGetErrorName(int error, const char** name)
{
    switch (error)
    {
        case Success: *name = "CUDA_SUCCESS"; break;
        case InvalidValue: *name = "CUDA_ERROR_INVALID_VALUE"; break;
        case OutOfMemory: *name = "CUDA_ERROR_OUT_OF_MEMORY"; break;
        case NotInitialized: *name = "CUDA_ERROR_NOT_INITIALIZED"; break;
        case 100: *name = "CUDA_ERROR_NO_DEVICE"; break;
        case InvalidContext: *name = "CUDA_ERROR_INVALID_CONTEXT"; break;
        case NotFound: *name = "CUDA_ERROR_NOT_FOUND"; break;
        case CaptureUnsupported: *name = "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"; break;
        case IllegalAddress: *name = "CUDA_ERROR_ILLEGAL_ADDRESS"; break;
        case LaunchOutOfResources: *name = "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"; break;
        case Misaligned: *name = "CUDA_ERROR_MISALIGNED_ADDRESS"; break;
        case LaunchFailed: *name = "CUDA_ERROR_LAUNCH_FAILED"; break;
        default: return InvalidValue;
    }
    return Success;
}

EXPORT int cuGetErrorString(int error, const char** text)
{
    *text = "reported by SoftCuda";
    return error >= 0 ? Success : InvalidValue;
}

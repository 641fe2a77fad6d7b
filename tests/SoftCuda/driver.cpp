// Devices, contexts and errors of the driver, and the ways in which a test makes calls fail.
#include "softcuda.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace
{
int sticky, initialized;
thread_local void* current;
int primary;
std::mutex owning;
std::condition_variable freed;
std::thread::id owner;
int owners;
struct Fault { int count, code; };
std::mutex telling;
std::map<std::string, Fault> faults;

// The error, the faults and what waits go with the context, as on hardware.
void forget()
{
    run_all();
    repair_guards();
    sticky = 0;
    std::lock_guard lock(telling);
    faults.clear();
}

// The code of a fault that is due.
int fault_of(const char* call)
{
    std::lock_guard lock(telling);
    auto fault = faults.find(call);
    if (fault == faults.end() || --fault->second.count != 0) return Success;
    fprintf(stderr, "softcuda: %s fails, as it was told to\n", call);
    return fault->second.code;
}

void read_faults()
{
    // NAME:COUNT:CODE: the COUNTth call of NAME fails with CODE.
    const char* text = getenv("SOFTCUDA_FAULT");
    char name[64];
    int count, code;
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
    if (int code = fault_of(call)) return code;
    if (!needs_context) return Success;
    if (sticky) return sticky;
    return current == &primary ? Success : InvalidContext;
}

EXPORT void softcuda_inject(const char* name, int count, int code)
{
    std::lock_guard lock(telling);
    faults[name] = {count, code};
}
// Of a context that another thread has taken meanwhile there is nothing to forget.
EXPORT void softcuda_reset()
{
    std::lock_guard lock(owning);
    if (owners == 0 || owner == std::this_thread::get_id()) forget();
}

EXPORT int cuInit(unsigned)
{
    if (!initialized) read_faults();
    initialized = 1;
    return enter("cuInit", false);
}
EXPORT int cuDriverGetVersion(int* version) { *version = 12060; return Success; }
EXPORT int cuDeviceGetCount(int* count) { *count = 1; return enter("cuDeviceGetCount", false); }
EXPORT int cuDeviceGet(int* device, int ordinal) { *device = ordinal; return ordinal == 0 ? enter("cuDeviceGet", false) : 101; }
EXPORT int cuDeviceGetName(char* name, int length, int) { snprintf(name, length, "SoftCuda"); return enter("cuDeviceGetName", false); }
EXPORT int cuDeviceTotalMem_v2(size_t* bytes, int) { *bytes = size_t{8} << 30; return enter("cuDeviceTotalMem_v2", false); }
EXPORT int cuDeviceGetAttribute(int* value, int attribute, int)
{
    switch (attribute)
    {
        case 16: *value = 4; break;
        case 75: *value = 9; break;
        case 76: *value = 0; break;
        case 97: *value = 227 * 1024; break;
        default: return InvalidValue;
    }
    return enter("cuDeviceGetAttribute", false);
}
// The context belongs to one thread at a time: another that asks for it waits until it is given back, so that tests may run side by side.
EXPORT int cuDevicePrimaryCtxRetain(void** context, int)
{
    std::unique_lock lock(owning);
    freed.wait(lock, [] { return owners == 0 || owner == std::this_thread::get_id(); });
    owner = std::this_thread::get_id();
    owners++;
    *context = &primary;
    return enter("cuDevicePrimaryCtxRetain", false);
}
EXPORT int cuDevicePrimaryCtxRelease_v2(int)
{
    run_all();
    std::unique_lock lock(owning);
    if (--owners == 0) forget();
    freed.notify_all();
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
EXPORT int cuGetErrorString(int error, const char** text) { *text = "as the software device says"; return error >= 0 ? Success : InvalidValue; }

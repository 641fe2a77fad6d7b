// Devices and errors of the driver, and injected faults.
#include "context.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

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

std::map<std::string, Fault> faults;

// Counts a call and returns the code of its injected fault if this is the call to fail.
int injected_fault(const char* call)
{
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
    Locked locked;
    fprintf(stderr, "softcuda: %s\n", message.c_str());
    if (!sticky) sticky = code;
    return code;
}

int sticky_error() { return sticky; }

int enter(const char* call, bool needs_context)
{
    Locked locked;
    if (!initialized) return NotInitialized;
    if (int code = injected_fault(call)) return code;
    if (!needs_context) return Success;
    if (sticky) return sticky;
    return thread_context_error();
}

int enter_synchronising(const char* call)
{
    Locked locked;
    if (int error = enter(call)) return error;
    return end_captures(call);
}

void forget_errors()
{
    sticky = 0;
    faults.clear();
}

EXPORT void softcuda_inject(const char* name, int count, int code)
{
    Locked locked;
    faults[name] = {count, code};
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
    *count = DeviceCount;
    return enter("cuDeviceGetCount", false);
}

EXPORT int cuDeviceGet(int* device, int ordinal)
{
    *device = ordinal;
    return ordinal >= 0 && ordinal < DeviceCount ? enter("cuDeviceGet", false) : InvalidDevice;
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
        case InvalidHandle: *name = "CUDA_ERROR_INVALID_HANDLE"; break;
        case NotFound: *name = "CUDA_ERROR_NOT_FOUND"; break;
        case ContextDestroyed: *name = "CUDA_ERROR_CONTEXT_IS_DESTROYED"; break;
        case CaptureUnsupported: *name = "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"; break;
        case CaptureInvalidated: *name = "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"; break;
        case CaptureMerge: *name = "CUDA_ERROR_STREAM_CAPTURE_MERGE"; break;
        case CaptureUnmatched: *name = "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED"; break;
        case CaptureUnjoined: *name = "CUDA_ERROR_STREAM_CAPTURE_UNJOINED"; break;
        case CaptureIsolation: *name = "CUDA_ERROR_STREAM_CAPTURE_ISOLATION"; break;
        case CapturedEvent: *name = "CUDA_ERROR_CAPTURED_EVENT"; break;
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

// A CUDA device in software behind the C functions of libcuda, NVRTC and cuBLASLt. Test-only; see README.md.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#define EXPORT extern "C" __attribute__((visibility("default")))

// CUresult, as far as SoftCuda returns it by name.
enum Result
{
    Success = 0,
    InvalidValue = 1,
    OutOfMemory = 2,
    NotInitialized = 3,
    InvalidContext = 201,
    NotFound = 500,
    NotReady = 600,
    IllegalAddress = 700,
    LaunchOutOfResources = 701,
    Misaligned = 716,
    LaunchFailed = 719,
    CaptureUnsupported = 900,
};

// Reports a misuse of the device on stderr and breaks the context: this and all later calls return the code, as on
// hardware.
int fail(int code, const std::string& message);
int sticky_error();

// Returns 0, unless a fault was injected for this call or an earlier one broke the context.
int enter(const char* call, bool needs_context = true);

// Device memory is one reserved range that the host can access only while device work runs.
bool is_device_address(uint64_t address);
bool is_live(uint64_t address, size_t bytes);
void check_guards(const char* after);
void repair_guards();

// Opens device memory during its lifetime.
struct DeviceWork
{
    DeviceWork();
    ~DeviceWork();
};

// Work on streams is deferred until the host waits. Its order is random, but for the order within a stream and events.
void enqueue(void* stream, std::function<void()> work);
void run_all();
bool is_capturing();
unsigned next_random(unsigned bound);

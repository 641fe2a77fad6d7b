// A software CUDA device behind the C functions of libcuda, NVRTC and cuBLASLt. Test-only; see README.md.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#define EXPORT extern "C" __attribute__((visibility("default")))

// Results of the driver that are told apart.
enum Result
{
    Success = 0, InvalidValue = 1, OutOfMemory = 2, NotInitialized = 3, InvalidContext = 201, NotFound = 500, NotReady = 600, CaptureUnsupported = 900, IllegalAddress = 700, LaunchOutOfResources = 701, LaunchFailed = 719, Misaligned = 716,
};

// A misuse of the device: said on stderr, and returned by this call and by all that follow, as on hardware.
int fail(int code, const std::string& message);
int sticky_error();

// 0 unless a fault was injected for this call, or an earlier one broke the context.
int enter(const char* call, bool needs_context = true);

// Device memory: one reserved range, out of the host's reach but while the device works.
bool is_device_address(uint64_t address);
bool is_live(uint64_t address, size_t bytes);
void check_guards(const char* after);
void repair_guards();
struct DeviceWork
{
    DeviceWork();
    ~DeviceWork();
};

// Streams: work is kept until somebody waits for it, and then runs in an order that only streams and events constrain.
void enqueue(void* stream, std::function<void()> work);
void run_all();
bool is_capturing();
unsigned next_random(unsigned bound);

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
    DeviceUnavailable = 46,
    InvalidContext = 201,
    InvalidHandle = 400,
    NotFound = 500,
    NotReady = 600,
    IllegalAddress = 700,
    LaunchOutOfResources = 701,
    Misaligned = 716,
    ContextDestroyed = 709,
    LaunchFailed = 719,
    CaptureUnsupported = 900,
    CaptureInvalidated = 901,
    CaptureMerge = 902,
    CaptureUnmatched = 903,
    CaptureUnjoined = 904,
    CaptureIsolation = 905,
    CapturedEvent = 907,
};

// Holds the lock of the device; every exported function that touches shared state does. It may be held more than once.
struct Locked
{
    Locked();
    ~Locked();
};

// The primary context of a device. A context that is released for good and retained again is another one.
struct Context
{
    int retained = 0;
    unsigned generation = 0;
};

// The calling thread's context, and the one that the running work belongs to, else that of the calling thread.
Context* thread_context();
Context* active_context();

// Reports a misuse of the device on stderr and breaks the context: this and all later calls return the code, as on
// hardware.
int fail(int code, const std::string& message);
int sticky_error();

// Returns 0, unless a fault was injected for this call or an earlier one broke the context.
int enter(const char* call, bool needs_context = true);

// Enters a call that synchronises the context, as loading does: it ends the captures of other threads, and fails in one
// of this thread.
int enter_synchronising(const char* call);

// Counts a kernel or a product that runs.
void count_launch();

// Device memory is one reserved range that the host can access only while device work runs.
uint64_t device_memory_start();
bool is_device_address(uint64_t address);
bool is_live(uint64_t address, size_t bytes);  // in the active context
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
Context* context_of(void* stream);
int end_captures(const char* call);
unsigned next_random(unsigned bound);

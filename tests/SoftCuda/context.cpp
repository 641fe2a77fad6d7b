// Primary contexts: whose turn it is to use them, and which one is a thread's.
#include "context.h"
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>

namespace
{
Context contexts[DeviceCount];
thread_local Context* current;
thread_local unsigned current_generation;
std::recursive_mutex device_mutex;

// The devices belong to one group of threads at a time, so that tests may run side by side. A thread is a group of its
// own until it joins another.
std::mutex owner_mutex;
std::condition_variable released;
const std::chrono::minutes LongestWait(15);
int owner;
int owner_count;
int last_group;
thread_local int group;

int thread_group()
{
    if (group == 0) group = ++last_group;
    return group;
}

// Drops pending work, errors and faults: on hardware they end with the context too.
void reset()
{
    Locked locked;
    run_all();
    repair_guards();
    forget_errors();
}

int index_of(void* context)
{
    for (int device = 0; device < DeviceCount; device++)
        if (context == &contexts[device]) return device;
    return -1;
}
}

Locked::Locked() { device_mutex.lock(); }

Locked::~Locked() { device_mutex.unlock(); }

Context* thread_context() { return current; }

int thread_context_error()
{
    if (current == nullptr) return InvalidContext;
    return current->retained > 0 && current->generation == current_generation ? Success : ContextDestroyed;
}

// Makes the calling thread one of a group, a positive number, whose threads use the devices together.
EXPORT void softcuda_join(int number)
{
    std::lock_guard lock(owner_mutex);
    group = -number;
}

// Does nothing if another group owns the devices.
EXPORT void softcuda_reset()
{
    std::lock_guard lock(owner_mutex);
    if (owner_count == 0 || owner == thread_group()) reset();
}

// Another group that retains a context waits until all are released. A test whose own threads are two groups would wait
// for ever: after a time it is told so.
EXPORT int cuDevicePrimaryCtxRetain(void** context, int device)
{
    std::unique_lock lock(owner_mutex);
    int own = thread_group();
    bool is_free = released.wait_for(lock, LongestWait, [=] { return owner_count == 0 || owner == own; });
    if (!is_free)
    {
        fprintf(stderr, "softcuda: the devices belong to another group of threads for too long\n");
        return DeviceUnavailable;
    }
    owner = own;
    owner_count++;
    Locked locked;
    contexts[device].retained++;
    *context = &contexts[device];
    return enter("cuDevicePrimaryCtxRetain", false);
}

EXPORT int cuDevicePrimaryCtxRelease_v2(int device)
{
    std::unique_lock lock(owner_mutex);
    Locked locked;
    run_all();
    if (--contexts[device].retained == 0) contexts[device].generation++;
    if (--owner_count == 0) reset();
    released.notify_all();
    return Success;
}

EXPORT int cuCtxSetCurrent(void* context)
{
    Locked locked;
    int device = index_of(context);
    if (context != nullptr && device < 0) return InvalidContext;
    current = static_cast<Context*>(context);
    if (current) current_generation = current->generation;
    return Success;
}

// Faults of kernels.
#pragma once

// During its lifetime a fault of the calling thread, SIGSEGV or SIGILL, calls a function that does not return. Those of
// other threads go where they would have gone: a runtime makes exceptions of them.
struct FaultHandler
{
    explicit FaultHandler(void (*on_fault)(int signal));
    ~FaultHandler();
};

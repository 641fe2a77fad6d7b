// The contexts of the devices.
#pragma once
#include "softcuda.h"

constexpr int DeviceCount = 2;

// Returns 0 if the calling thread has a live context.
int thread_context_error();

// Ends with the context, as on hardware: errors and injected faults.
void forget_errors();

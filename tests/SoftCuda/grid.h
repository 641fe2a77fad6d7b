// Kernels and their launches.
#pragma once
#include "simt_types.h"
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

constexpr int MaxThreads = 1024;

// Shared memory of a block, static and dynamic together.
constexpr int SharedWithoutOptIn = 48 << 10;
constexpr int SharedOptIn = 227 << 10;

// A variable of static shared memory.
struct SharedVariable
{
    const unsigned char* begin;
    size_t bytes;
};

// The bytes of a kernel's parameter.
struct Argument
{
    std::vector<uint64_t> words;
};

struct Function
{
    std::string name;
    std::vector<int> parameter_sizes;
    std::vector<SharedVariable> shared_variables;  // of all kernels of the module
    int shared_limit;                              // of dynamic shared memory
    void (*call)(void** arguments);
    void (*enter)(SimtHost*, SimtThread*);
    void (*poison)();
};

struct LaunchSize
{
    SimtDim grid;
    SimtDim block;
    size_t shared_bytes;
};

std::vector<SharedVariable> shared_variables(void* module, const std::string& file);

// Bytes of the variables that were written since they were poisoned.
size_t written_shared_bytes(const std::vector<SharedVariable>& variables);

// Runs a kernel; faults are reported by fail().
void run_grid(Function* function, LaunchSize size, std::vector<Argument> arguments);

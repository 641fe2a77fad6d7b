// Kernels and their launches.
#pragma once
#include "simt_types.h"
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

constexpr int MaxThreads = 1024;

// The bytes of a kernel's parameter.
struct Argument
{
    std::vector<uint64_t> words;
};

struct Function
{
    std::string name;
    std::vector<int> parameter_sizes;
    int shared_limit;
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

// Runs a kernel; faults are reported by fail().
void run_grid(Function* function, LaunchSize size, std::vector<Argument> arguments);

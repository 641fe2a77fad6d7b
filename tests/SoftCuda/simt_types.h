// The state of a running block, shared by the library and the modules that it compiles.
#pragma once
#include <cstdint>

struct SimtDim
{
    unsigned x = 1;
    unsigned y = 1;
    unsigned z = 1;
};

enum class SimtState
{
    Ready,
    AtBarrier,
    AtWarp,
    Done
};

// A copy of 16 bytes to shared memory under way; without a source, of zeros.
struct SimtCopy
{
    void* target;
    const void* source;
};

struct SimtThread
{
    SimtDim thread;
    int index;
    int slot;
    uint64_t lane_value[2];     // for shuffles
    uint32_t lane_words[2][8];  // for instructions of a whole warp
    uint32_t ended_lanes;       // of the warp, at its last convergence
    SimtCopy copies[32];
    int copy_count;
    SimtState state;
    void* stack_pointer;
};

struct SimtHost
{
    SimtDim block;
    SimtDim block_size;
    SimtDim grid_size;
    void* dynamic_shared;
    virtual void wait(SimtState state) = 0;
    virtual SimtThread* lane(SimtThread* self, int lane) = 0;
    virtual void check_argument(void* slot, int index, bool is_pointer, int size) = 0;
    virtual void check_struct(void* slot, int index, int size) = 0;
    virtual void touch(uint64_t address, int bytes, bool writes) = 0;
};

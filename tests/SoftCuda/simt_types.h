// What the library and the modules that it compiles both know of a running block.
#pragma once
#include <cstdint>

struct SimtDim { unsigned x = 1, y = 1, z = 1; };

enum class SimtState { Ready, AtBarrier, AtWarp, Done };

struct SimtThread
{
    SimtDim thread;
    int index;
    int slot;
    uint64_t lane_value[2];
    uint32_t lane_words[2][8];  // for instructions of a whole warp
    uint32_t ended_lanes;  // of the warp, when it last came together
    SimtState state;
    void* stack_pointer;
};

struct SimtHost
{
    SimtDim block, block_size, grid_size;
    void* dynamic_shared;
    virtual void wait(SimtState state) = 0;
    virtual SimtThread* lane(SimtThread* self, int lane) = 0;
    virtual void check_argument(void* slot, int index, bool is_pointer, int size) = 0;
    virtual void check_struct(void* slot, int index, int size) = 0;
};

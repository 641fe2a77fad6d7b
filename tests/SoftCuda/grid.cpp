// Runs the blocks of a launch one after another, in shuffled order; each thread of a block is a fiber.
#include "grid.h"
#include "faults.h"
#include "softcuda.h"
#include "traffic.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <algorithm>
#include <cstring>

// Saves the caller's registers and stack pointer, and resumes the fiber whose stack pointer is given.
extern "C" void simt_switch(void** save, void* load);
asm(R"(
.text
.type simt_switch, @function
.globl simt_switch
.hidden simt_switch
simt_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
)");

namespace
{
constexpr int SavedRegisters = 6;
constexpr int WarpThreads = 32;
constexpr size_t StackBytes = 64 << 10;
constexpr size_t SharedAlignment = 16;
constexpr size_t SharedGuard = 1024;
constexpr unsigned char SharedGuardByte = 0xA5;
constexpr unsigned char PoisonByte = 0xFF;

sigjmp_buf escape;
char* stacks;

// 0, 1, ... count - 1, shuffled.
std::vector<unsigned> shuffled(unsigned count)
{
    std::vector<unsigned> order(count);
    for (unsigned i = 0; i < count; i++)
    {
        order[i] = i;
        std::swap(order[i], order[next_random(i + 1)]);
    }
    return order;
}

struct Grid final : SimtHost
{
    static Grid* current;

    Function* function = nullptr;
    void** slots = nullptr;
    std::vector<SimtThread> threads;
    SimtThread* running = nullptr;
    void* scheduler = nullptr;
    uint64_t checked_arguments = 0;  // a bit each
    std::string error;
    int code = LaunchFailed;

    void wait(SimtState state) override
    {
        running->state = state;
        simt_switch(&running->stack_pointer, scheduler);
    }

    SimtThread* lane(SimtThread* self, int lane) override
    {
        size_t index = self->index / WarpThreads * WarpThreads + lane;
        SimtThread* other = &threads[std::min(index, threads.size() - 1)];
        if (self->ended_lanes >> (other->index % WarpThreads) & 1) give_up("a shuffle reads a lane that has ended");
        return other;
    }

    // The arguments of all threads are the same.
    bool is_checked(int index)
    {
        uint64_t bit = 1ull << index;
        bool checked = (checked_arguments & bit) != 0;
        checked_arguments |= bit;
        return checked;
    }

    void check_argument(void* slot, int index, bool is_pointer, int size) override
    {
        if (is_checked(index)) return;
        uint64_t value;
        memcpy(&value, slot, 8);
        bool live = value == 0 || is_live(value, 1);
        if (is_pointer && !live) give_up_argument(index, "is no live device address");
        bool has_upper_half = size == 8 || value >> 32 != 0;
        if (!is_pointer && has_upper_half && is_device_address(value))
            give_up_argument(index, "is an address, but the parameter is a number");
    }

    // The members of a struct are not known here: a word in the range of device addresses must be a live one.
    void check_struct(void* slot, int index, int size) override
    {
        if (is_checked(index)) return;
        for (int offset = 0; offset + 8 <= size; offset += 8)
        {
            uint64_t word;
            memcpy(&word, static_cast<char*>(slot) + offset, 8);
            if (is_device_address(word) && !is_live(word, 1))
                give_up_argument(index, "contains an address that is not live");
        }
    }

    void touch(uint64_t address, int bytes, bool writes) override { ::touch(address, bytes, writes); }

    [[noreturn]] void give_up(std::string message)
    {
        error = std::move(message);
        siglongjmp(escape, 1);
    }

    [[noreturn]] void give_up_argument(int index, const char* problem)
    {
        give_up("argument " + std::to_string(index) + " " + problem);
    }

    void run_block()
    {
        function->poison();
        for (size_t i = 0; i < threads.size(); i++) start(threads[i], i);
        std::vector<unsigned> order = shuffled(threads.size());
        for (size_t done = 0; done < threads.size();)
        {
            bool ran = false;
            for (unsigned i : order)
            {
                if (threads[i].state != SimtState::Ready) continue;
                ran = true;
                resume(threads[i]);
                done += threads[i].state == SimtState::Done;
            }
            if (done < threads.size() && !release() && !ran) give_up("threads wait at different barriers");
        }
    }

    void start(SimtThread& thread, int index)
    {
        unsigned x = block_size.x;
        unsigned y = block_size.y;
        thread.thread = {index % x, index / x % y, index / (x * y)};
        thread.index = index;
        thread.slot = 0;
        thread.copy_count = 0;
        thread.state = SimtState::Ready;
        void** top = reinterpret_cast<void**>(stacks + (index + 1) * StackBytes) - 2;
        *top = reinterpret_cast<void*>(&body);
        thread.stack_pointer = top - SavedRegisters;
    }

    void resume(SimtThread& thread)
    {
        running = &thread;
        function->enter(this, running);
        simt_switch(&scheduler, thread.stack_pointer);
    }

    static void body()
    {
        current->function->call(current->slots);
        current->wait(SimtState::Done);
    }

    // Releases each warp, or the block, whose live threads all wait. Returns whether there was one.
    bool release()
    {
        bool any = release_warps();
        size_t ended = count(0, threads.size(), SimtState::Done);
        if (ended + count(0, threads.size(), SimtState::AtBarrier) < threads.size()) return any;
        if (ended == threads.size()) return true;
        if (ended > 0) give_up("some threads of the block never reach a barrier");
        for (SimtThread& thread : threads) thread.state = SimtState::Ready;
        return true;
    }

    bool release_warps()
    {
        int warps = (static_cast<int>(threads.size()) + WarpThreads - 1) / WarpThreads;
        int shift = next_random(warps);
        bool any = false;
        for (int k = 0; k < warps; k++)
        {
            size_t begin = (k + shift) % warps * WarpThreads;
            size_t end = std::min(begin + WarpThreads, threads.size());
            size_t waiting = count(begin, end, SimtState::AtWarp);
            if (waiting == 0 || waiting + count(begin, end, SimtState::Done) < end - begin) continue;
            // Not every warp that can go on does at once, so that warps get ahead of each other.
            if (any && next_random(2)) continue;
            release_warp(begin, end);
            any = true;
        }
        return any;
    }

    void release_warp(size_t begin, size_t end)
    {
        uint32_t ended_lanes = 0;
        for (size_t i = begin; i < end; i++)
            if (threads[i].state == SimtState::Done) ended_lanes |= 1u << (i - begin);
        for (size_t i = begin; i < end; i++)
        {
            if (threads[i].state != SimtState::AtWarp) continue;
            threads[i].ended_lanes = ended_lanes;
            threads[i].state = SimtState::Ready;
        }
    }

    size_t count(size_t begin, size_t end, SimtState state) const
    {
        return std::count_if(&threads[begin], &threads[begin] + (end - begin),
            [state](const SimtThread& thread) { return thread.state == state; });
    }
};

Grid* Grid::current;

void on_fault(int number)
{
    bool misaligned = number == SIGILL;
    Grid::current->code = misaligned ? Misaligned : IllegalAddress;
    Grid::current->error = misaligned ? "a misaligned access" : "an access outside any allocation";
    siglongjmp(escape, 1);
}

void allocate_stacks()
{
    if (stacks) return;
    constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    stacks = static_cast<char*>(mmap(nullptr, MaxThreads * StackBytes, PROT_READ | PROT_WRITE, flags, -1, 0));
}

void check_shared_guard(Grid& state, size_t shared_bytes)
{
    const unsigned char* begin = static_cast<unsigned char*>(state.dynamic_shared) + shared_bytes;
    const unsigned char* end = begin + SharedGuard - SharedAlignment;
    if (std::all_of(begin, end, [](unsigned char byte) { return byte == SharedGuardByte; })) return;
    state.give_up("wrote behind its " + std::to_string(shared_bytes) + " bytes of shared memory");
}

// Hardware refuses a launch, and an opt-in, whose dynamic shared memory has no room next to the static.
void check_shared_total(Grid& state, size_t shared_bytes)
{
    bool opted_in = state.function->shared_limit > SharedWithoutOptIn;
    size_t bytes = opted_in ? state.function->shared_limit : shared_bytes;
    bytes += written_shared_bytes(state.function->shared_variables);
    if (bytes <= static_cast<size_t>(opted_in ? SharedOptIn : SharedWithoutOptIn)) return;
    state.code = InvalidValue;
    state.give_up(std::to_string(bytes) + " bytes of shared memory, static and dynamic, are above the limit");
}

void run_blocks(Grid& state, size_t shared_bytes)
{
    SimtDim grid = state.grid_size;
    std::vector<unsigned> order = shuffled(grid.x * grid.y * grid.z);
    FaultHandler handler(on_fault);
    if (sigsetjmp(escape, 1) != 0) return;
    for (unsigned i : order)
    {
        memset(state.dynamic_shared, PoisonByte, shared_bytes);
        state.block = {i % grid.x, i / grid.x % grid.y, i / (grid.x * grid.y)};
        state.run_block();
        if (i == order.front()) check_shared_total(state, shared_bytes);
        check_shared_guard(state, shared_bytes);
    }
}
}

void run_grid(Function* function, LaunchSize size, std::vector<Argument> arguments)
{
    allocate_stacks();
    DeviceWork work;
    std::vector<void*> slots;
    for (Argument& argument : arguments) slots.push_back(argument.words.data());
    std::vector<unsigned char> shared(size.shared_bytes + SharedAlignment + SharedGuard, SharedGuardByte);
    uint64_t unaligned = reinterpret_cast<uint64_t>(shared.data());
    uint64_t aligned = (unaligned + SharedAlignment - 1) / SharedAlignment * SharedAlignment;
    Grid state;
    Grid::current = &state;
    state.function = function;
    state.slots = slots.data();
    state.grid_size = size.grid;
    state.block_size = size.block;
    state.dynamic_shared = reinterpret_cast<void*>(aligned);
    state.threads.resize(size.block.x * size.block.y * size.block.z);
    if (counts_traffic()) begin_traffic();
    run_blocks(state, size.shared_bytes);
    if (counts_traffic()) end_traffic(function->name);
    std::string kernel = "kernel " + function->name;
    if (state.error.empty()) check_guards(kernel.c_str());
    else fail(state.code, kernel + ": " + state.error);
}

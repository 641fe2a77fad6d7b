// Modules are shared libraries that nvrtc.cpp made; a launch runs their blocks one after another, in shuffled order, each thread a fiber.
#include "softcuda.h"
#include "simt_types.h"
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <algorithm>
#include <cstring>
#include <vector>

// Saves the caller's registers and stack, and goes on where the other left off.
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
constexpr size_t StackBytes = 64 << 10;
constexpr int MostThreads = 1024, SharedWithoutOptIn = 48 << 10, SharedOptIn = 227 << 10, SharedGuard = 1024;
constexpr unsigned char SharedGuardByte = 0xA5;

// The bytes of a kernel's parameter.
struct Argument
{
    uint64_t words[8];
};

struct Function
{
    std::string name;
    void (*call)(void**);
    std::vector<int> sizes;
    int shared_limit;
    void (*enter)(SimtHost*, SimtThread*);
    void (*poison)();
};

sigjmp_buf escape;
char* stacks;

struct Grid final : SimtHost
{
    Function* function = nullptr;
    void** slots = nullptr;
    std::vector<SimtThread> threads;
    SimtThread* running = nullptr;
    void* scheduler = nullptr;
    std::string error;
    int code = LaunchFailed;

    void wait(SimtState state) override
    {
        running->state = state;
        simt_switch(&running->stack_pointer, scheduler);
    }

    SimtThread* lane(SimtThread* self, int lane) override
    {
        SimtThread* other = &threads[std::min<size_t>(self->index / 32 * 32 + lane, threads.size() - 1)];
        if (self->ended_lanes >> (other->index % 32) & 1) give_up("a shuffle reads a lane that has ended");
        return other;
    }

    void check_argument(void* slot, int index, bool is_pointer, int size) override
    {
        uint64_t value;
        memcpy(&value, slot, 8);
        if (is_pointer && value != 0 && !is_live(value, 1)) give_up("argument " + std::to_string(index) + " is no live device address");
        if (!is_pointer && (size == 8 || value >> 32 != 0) && is_device_address(value)) give_up("argument " + std::to_string(index) + " is an address where a number belongs");
    }

    // A struct's members are not known here: a word in the range of device addresses must be one that is live.
    void check_struct(void* slot, int index, int size) override
    {
        for (int offset = 0; offset + 8 <= size; offset += 8)
        {
            uint64_t word;
            memcpy(&word, static_cast<char*>(slot) + offset, 8);
            if (is_device_address(word) && !is_live(word, 1))
                give_up("argument " + std::to_string(index) + " holds an address that is not live");
        }
    }

    [[noreturn]] void give_up(std::string message)
    {
        error = std::move(message);
        siglongjmp(escape, 1);
    }

    void run_block()
    {
        int n = static_cast<int>(threads.size());
        function->poison();
        std::vector<int> order(n);
        for (int i = 0; i < n; i++)
        {
            order[i] = i;
            std::swap(order[i], order[next_random(i + 1)]);
            start(threads[i], i);
        }
        for (int done = 0; done < n;)
        {
            bool ran = false;
            for (int i : order)
                if (threads[i].state == SimtState::Ready)
                {
                    ran = true;
                    running = &threads[i];
                    function->enter(this, running);
                    simt_switch(&scheduler, running->stack_pointer);
                    done += running->state == SimtState::Done;
                }
            if (done < n && !release() && !ran) give_up("threads wait at different barriers");
        }
    }

    void start(SimtThread& thread, int index)
    {
        unsigned x = block_size.x, y = block_size.y;
        thread.thread = {index % x, index / x % y, index / (x * y)};
        thread.index = index;
        thread.slot = 0;
        thread.state = SimtState::Ready;
        void** top = reinterpret_cast<void**>(stacks + (index + 1) * StackBytes) - 2;
        *top = reinterpret_cast<void*>(&body);
        thread.stack_pointer = top - 6;
    }

    static Grid* current;

    static void body()
    {
        current->function->call(current->slots);
        current->wait(SimtState::Done);
    }

    // Warps whose live lanes have all come, or the block whose live threads have.
    bool release()
    {
        bool any = false, all = true;
        int n = static_cast<int>(threads.size());
        for (int k = 0, warps = (n + 31) / 32, shift = next_random(warps); k < warps; k++)
        {
            int warp = (k + shift) % warps * 32;
            int end = std::min(warp + 32, n), waiting = 0, ended = 0;
            for (int i = warp; i < end; i++)
            {
                waiting += threads[i].state == SimtState::AtWarp;
                ended += threads[i].state == SimtState::Done;
                all &= threads[i].state == SimtState::AtBarrier || threads[i].state == SimtState::Done;
            }
            if (waiting == 0 || waiting + ended < end - warp) continue;
            if (any && next_random(2)) continue;
            uint32_t gone = 0;
            for (int i = warp; i < end; i++) gone |= (threads[i].state == SimtState::Done ? 1u : 0u) << (i % 32);
            for (int i = warp; i < end; i++)
                if (threads[i].state == SimtState::AtWarp)
                {
                    threads[i].ended_lanes = gone;
                    threads[i].state = SimtState::Ready;
                }
            any = true;
        }
        if (!all) return any;
        int ended = 0;
        for (SimtThread& thread : threads) ended += thread.state == SimtState::Done;
        if (ended == n) return true;
        if (ended > 0) give_up("a barrier that some threads of the block never reach");
        for (SimtThread& thread : threads) thread.state = SimtState::Ready;
        return true;
    }
};

Grid* Grid::current;

void on_signal(int number, siginfo_t*, void*)
{
    Grid::current->code = number == SIGILL ? Misaligned : IllegalAddress;
    Grid::current->error = number == SIGILL ? "an access that is not aligned" : "an access outside any allocation";
    siglongjmp(escape, 1);
}

void run(Function* function, SimtDim grid, SimtDim block, size_t shared_bytes, std::vector<Argument> values)
{
    if (!stacks) stacks = static_cast<char*>(mmap(nullptr, MostThreads * StackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    DeviceWork work;
    std::vector<void*> slots;
    for (Argument& value : values) slots.push_back(value.words);
    std::vector<unsigned char> shared(shared_bytes + 16 + SharedGuard, SharedGuardByte);
    Grid state;
    Grid::current = &state;
    state.function = function;
    state.slots = slots.data();
    state.grid_size = grid;
    state.block_size = block;
    state.dynamic_shared = reinterpret_cast<void*>((reinterpret_cast<uint64_t>(shared.data()) + 15) / 16 * 16);
    state.threads.resize(block.x * block.y * block.z);
    unsigned blocks = grid.x * grid.y * grid.z;
    std::vector<unsigned> order(blocks);
    for (unsigned i = 0; i < blocks; i++) { order[i] = i; std::swap(order[i], order[next_random(i + 1)]); }

    struct sigaction action = {}, segv, ill;
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(SIGSEGV, &action, &segv);
    sigaction(SIGILL, &action, &ill);
    if (sigsetjmp(escape, 1) == 0)
        for (unsigned i : order)
        {
            memset(state.dynamic_shared, 0xFF, shared_bytes);
            state.block = {i % grid.x, i / grid.x % grid.y, i / (grid.x * grid.y)};
            state.run_block();
            const unsigned char* behind = static_cast<unsigned char*>(state.dynamic_shared) + shared_bytes;
            if (std::any_of(behind, behind + SharedGuard - 16, [](unsigned char byte) { return byte != SharedGuardByte; })) state.give_up("wrote behind its " + std::to_string(shared_bytes) + " bytes of shared memory");
        }
    sigaction(SIGSEGV, &segv, nullptr);
    sigaction(SIGILL, &ill, nullptr);
    if (!state.error.empty()) fail(state.code, "kernel " + function->name + ": " + state.error);
    else check_guards(("kernel " + function->name).c_str());
}
}

EXPORT int cuModuleLoadData(void** module, const void* image)
{
    if (int error = enter("cuModuleLoadData")) return error;
    *module = dlopen(static_cast<const char*>(image), RTLD_NOW | RTLD_LOCAL);
    return *module ? Success : 200;
}

EXPORT int cuModuleUnload(void*) { run_all(); return Success; }

EXPORT int cuModuleGetFunction(void** function, void* module, const char* name)
{
    if (int error = enter("cuModuleGetFunction")) return error;
    auto symbol = [&](const std::string& of) { return dlsym(module, of.c_str()); };
    void* call = symbol(std::string(name) + "__call");
    if (!call) return NotFound;
    auto size = reinterpret_cast<int (*)(int)>(symbol(std::string(name) + "__size"));
    std::vector<int> sizes;
    while (int bytes = size(static_cast<int>(sizes.size()))) sizes.push_back(bytes);
    *function = new Function{name, reinterpret_cast<void (*)(void**)>(call), sizes, SharedWithoutOptIn,
        reinterpret_cast<void (*)(SimtHost*, SimtThread*)>(symbol("simt_enter")), reinterpret_cast<void (*)()>(symbol("simt_poison"))};
    return Success;
}

EXPORT int cuFuncSetAttribute(void* function, int attribute, int value)
{
    if (int error = enter("cuFuncSetAttribute")) return error;
    if (attribute != 8 || value > SharedOptIn) return InvalidValue;
    static_cast<Function*>(function)->shared_limit = value;
    return Success;
}

EXPORT int cuLaunchKernel(void* handle, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared_bytes, void* stream, void** arguments, void**)
{
    if (int error = enter("cuLaunchKernel")) return error;
    Function* function = static_cast<Function*>(handle);
    if (gx == 0 || gy == 0 || gz == 0 || gy > 65535 || gz > 65535 || bx * by * bz == 0 || bx * by * bz > MostThreads || static_cast<int>(shared_bytes) > function->shared_limit)
        return fail(InvalidValue, "kernel " + function->name + ": a grid, block or shared memory past the limits");
    std::vector<Argument> values(function->sizes.size());
    // At least eight bytes: an address where a number of four belongs is found by its upper half.
    for (size_t i = 0; i < values.size(); i++) memcpy(values[i].words, arguments[i], std::max(8, function->sizes[i]));
    enqueue(stream, [=] { if (!sticky_error()) run(function, {gx, gy, gz}, {bx, by, bz}, shared_bytes, values); });
    return Success;
}

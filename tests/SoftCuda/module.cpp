// Modules are shared libraries that nvrtc.cpp has made; grid.cpp runs their kernels.
#include "grid.h"
#include "softcuda.h"
#include <dlfcn.h>
#include <algorithm>
#include <cstring>
#include <map>

namespace
{
constexpr int InvalidImage = 200;
constexpr int MaxDynamicSharedSizeBytes = 8;
constexpr unsigned MaxGridYZ = 65535;

std::map<void*, std::string> files;  // of the loaded modules

template <class F> F find_symbol(void* module, const std::string& name)
{
    return reinterpret_cast<F>(dlsym(module, name.c_str()));
}

std::vector<int> parameter_sizes(int (*size)(int))
{
    std::vector<int> sizes;
    while (int bytes = size(static_cast<int>(sizes.size()))) sizes.push_back(bytes);
    return sizes;
}

bool is_valid(const LaunchSize& size, int shared_limit)
{
    SimtDim grid = size.grid;
    unsigned threads = size.block.x * size.block.y * size.block.z;
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.y > MaxGridYZ || grid.z > MaxGridYZ) return false;
    if (threads == 0 || threads > MaxThreads) return false;
    return static_cast<int>(size.shared_bytes) <= shared_limit;
}
}

EXPORT int cuModuleLoadData(void** module, const void* image)
{
    Locked locked;
    if (int error = enter_synchronising("cuModuleLoadData")) return error;
    const char* file = static_cast<const char*>(image);
    *module = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (*module) files[*module] = file;
    return *module ? Success : InvalidImage;
}

EXPORT int cuModuleUnload(void*)
{
    Locked locked;
    run_all();
    end_captures("cuModuleUnload");
    return Success;
}

EXPORT int cuModuleGetFunction(void** function, void* module, const char* name)
{
    Locked locked;
    if (int error = enter_synchronising("cuModuleGetFunction")) return error;
    std::string kernel = name;
    auto call = find_symbol<void (*)(void**)>(module, kernel + "__call");
    if (!call) return NotFound;
    auto size = find_symbol<int (*)(int)>(module, kernel + "__size");
    *function = new Function{
        kernel,
        parameter_sizes(size),
        shared_variables(module, files[module]),
        SharedWithoutOptIn,
        call,
        find_symbol<void (*)(SimtHost*, SimtThread*)>(module, "simt_enter"),
        find_symbol<void (*)()>(module, "simt_poison")};
    return Success;
}

EXPORT int cuFuncSetAttribute(void* function, int attribute, int value)
{
    Locked locked;
    if (int error = enter("cuFuncSetAttribute")) return error;
    if (attribute != MaxDynamicSharedSizeBytes || value > SharedOptIn) return InvalidValue;
    static_cast<Function*>(function)->shared_limit = value;
    return Success;
}

EXPORT int cuLaunchKernel(void* handle, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
    unsigned block_y, unsigned block_z, unsigned shared_bytes, void* stream, void** parameters, void**)
{
    Locked locked;
    if (int error = enter("cuLaunchKernel")) return error;
    if (context_of(stream) != active_context()) return InvalidHandle;
    Function* function = static_cast<Function*>(handle);
    LaunchSize size = {{grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, shared_bytes};
    if (!is_valid(size, function->shared_limit))
        return fail(InvalidValue, "kernel " + function->name + ": a grid, block or shared memory above the limits");
    std::vector<Argument> arguments(function->parameter_sizes.size());
    // At least eight bytes: the upper half shows an address that was passed to a parameter of four.
    for (size_t i = 0; i < arguments.size(); i++)
    {
        size_t bytes = std::max(8, function->parameter_sizes[i]);
        arguments[i].words.resize((bytes + 7) / 8);
        memcpy(arguments[i].words.data(), parameters[i], bytes);
    }
    enqueue(stream, [=] {
        count_launch();
        if (!sticky_error()) run_grid(function, size, arguments);
    });
    return Success;
}

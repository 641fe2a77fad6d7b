using System.Diagnostics.CodeAnalysis;
using EsimCse.Core;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Kernels;

/// <summary>
/// A device's kernels by name. The part of a name before the first underscore is the kernel's file in kernels/; it is
/// compiled and loaded when one of its kernels is first used.
/// </summary>
sealed unsafe class KernelModules(CudaDevice device, Lock captureLock) : IDisposable
{
    const int SharedBytesWithoutOptIn = 48 * 1024;

    readonly string _architecture = KernelCompiler.Architecture(device.Capability);
    readonly Dictionary<string, nint> _modules = [];
    readonly Dictionary<string, nint> _functions = [];
    readonly Dictionary<nint, int> _sharedBytes = [];

    /// <summary>Returns a kernel that can be launched with that much dynamic shared memory.</summary>
    /// <exception cref="DeviceException">The device has less, or the kernel cannot be compiled or loaded.</exception>
    public nint Function(string kernel, int sharedBytes)
    {
        if (sharedBytes > device.SharedBytes) ThrowTooMuchSharedMemory(kernel, sharedBytes);
        if (!_functions.TryGetValue(kernel, out nint function)) _functions.Add(kernel, function = LoadFunction(kernel));
        if (sharedBytes > SharedBytesWithoutOptIn) OptInToSharedBytes(kernel, function, sharedBytes);
        return function;
    }

    public void Dispose()
    {
        lock (captureLock)
            foreach (nint module in _modules.Values) CudaDriver.ModuleUnload(module);
        _modules.Clear();
    }

    nint LoadFunction(string kernel)
    {
        nint module = Module(kernel[..kernel.IndexOf('_', StringComparison.Ordinal)]);
        lock (captureLock)
        {
            CudaDriver.ModuleGetFunction(out nint function, module, kernel)
                .ThrowIfFailed($"cuModuleGetFunction of {kernel}");
            return function;
        }
    }

    void OptInToSharedBytes(string kernel, nint function, int bytes)
    {
        if (_sharedBytes.GetValueOrDefault(function) >= bytes) return;
        CudaDriver.FuncSetAttribute(function, CudaFunctionAttribute.MaxDynamicSharedSizeBytes, bytes)
            .ThrowIfFailed($"cuFuncSetAttribute of {kernel}: {bytes} bytes of shared memory");
        _sharedBytes[function] = bytes;
    }

    nint Module(string operation)
    {
        if (_modules.TryGetValue(operation, out nint module)) return module;
        CudaResult result = Load(KernelCache.Get(operation, _architecture), out module);
        // A cached image may be damaged or older than the driver accepts: compile again, once.
        if (result != CudaResult.Success) result = Load(KernelCache.Recompile(operation, _architecture), out module);
        result.ThrowIfFailed($"cuModuleLoadData of kernels/{operation}.cu");
        _modules.Add(operation, module);
        return module;
    }

    CudaResult Load(byte[] image, out nint module)
    {
        lock (captureLock)
            fixed (byte* bytes = image) return CudaDriver.ModuleLoadData(out module, bytes);
    }

    [DoesNotReturn]
    void ThrowTooMuchSharedMemory(string kernel, int bytes)
    {
        string sizes = $"asked for {bytes} bytes of shared memory a block, {device.Name} has {device.SharedBytes}";
        throw new DeviceException($"kernel {kernel}: {sizes}: use shorter sentences (--max-length)");
    }
}

using EsimCse.Core;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Kernels;

/// <summary>Kernels by name, each file compiled and loaded when its first kernel is asked for: the word before the first underscore names the file.</summary>
sealed unsafe class KernelModules(CudaDevice device) : IDisposable
{
    const int SharedBytesWithoutOptIn = 48 * 1024;

    readonly string _architecture = KernelCompiler.Architecture(device.Capability);
    readonly Dictionary<string, nint> _modules = [];
    readonly Dictionary<string, nint> _functions = [];
    readonly Dictionary<nint, int> _sharedBytes = [];

    /// <summary>A kernel that may use so much dynamic shared memory.</summary>
    /// <exception cref="DeviceException">The device has less.</exception>
    public nint Function(string kernel, int sharedBytes)
    {
        if (sharedBytes > device.SharedBytes)
            throw new DeviceException($"kernel {kernel}: asked for {sharedBytes} bytes of shared memory a block, {device.Name} has {device.SharedBytes}: use shorter sentences (--max-length)");
        if (!_functions.TryGetValue(kernel, out nint function))
        {
            CudaDriver.ModuleGetFunction(out function, Module(kernel[..kernel.IndexOf('_', StringComparison.Ordinal)]), kernel).ThrowIfFailed($"cuModuleGetFunction of {kernel}");
            _functions.Add(kernel, function);
        }
        if (sharedBytes > SharedBytesWithoutOptIn && _sharedBytes.GetValueOrDefault(function) < sharedBytes)
        {
            CudaDriver.FunctionSetAttribute(function, CudaDriver.MaxDynamicSharedBytes, sharedBytes).ThrowIfFailed($"cuFuncSetAttribute of {kernel}: {sharedBytes} bytes of shared memory");
            _sharedBytes[function] = sharedBytes;
        }
        return function;
    }

    public void Dispose()
    {
        foreach (nint module in _modules.Values) CudaDriver.ModuleUnload(module);
        _modules.Clear();
    }

    nint Module(string operation)
    {
        if (_modules.TryGetValue(operation, out nint module)) return module;
        // An image on disk that no longer loads is compiled anew, once.
        if (Load(KernelCache.Get(operation, _architecture), out module) != CudaResult.Success)
            Load(KernelCache.Get(operation, _architecture, fresh: true), out module).ThrowIfFailed($"cuModuleLoadData of kernels/{operation}.cu");
        _modules.Add(operation, module);
        return module;
    }

    static CudaResult Load(byte[] image, out nint module)
    {
        fixed (byte* bytes = image) return CudaDriver.ModuleLoadData(out module, bytes);
    }
}

using System.Diagnostics.CodeAnalysis;
using EsimCse.Core;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Kernels;

/// <summary>
/// A device's kernels by name. The part of a name before the first underscore is the kernel's file in kernels/; a
/// variant of it is loaded when one of its kernels is first used, and compiled then or before.
/// </summary>
sealed unsafe class KernelModules(CudaDevice device, Lock captureLock) : IDisposable
{
    const int SharedBytesWithoutOptIn = 48 * 1024;

    readonly string _architecture = KernelCompiler.Architecture(device.Capability);
    readonly Dictionary<KernelVariant, nint> _modules = [];
    readonly Dictionary<string, KernelVariant> _firstVariants = [];
    readonly Dictionary<KernelVariant, Task<byte[]>> _images = [];
    readonly CancellationTokenSource _stop = new();
    readonly Dictionary<string, nint> _functions = [];
    readonly Dictionary<nint, int> _sharedBytes = [];

    /// <summary>The variants that are loaded.</summary>
    public IReadOnlyCollection<KernelVariant> Loaded => _modules.Keys;

    /// <summary>Begins to read or compile variants, in the given order, on a thread for each core.</summary>
    public void Prepare(IEnumerable<KernelVariant> variants)
    {
        foreach (KernelVariant variant in variants)
        {
            if (_modules.ContainsKey(variant) || _images.ContainsKey(variant)) continue;
            _firstVariants.TryAdd(variant.Operation, variant);
            _images.Add(variant, Task.Run(() => KernelCache.Get(variant, _architecture), _stop.Token));
        }
    }

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
        _stop.Cancel();
        // The compiler's code must not run while the process ends.
        Task.WhenAll(_images.Values).ContinueWith(static _ => { }, TaskScheduler.Default).Wait();
        _stop.Dispose();
        lock (captureLock)
            foreach (nint module in _modules.Values) CudaDriver.ModuleUnload(module);
        _modules.Clear();
    }

    nint LoadFunction(string kernel)
    {
        nint module = Module(FindVariant(kernel));
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

    /// <summary>Returns the variant of a kernel; for one without a type the first variant of its file in use.</summary>
    KernelVariant FindVariant(string kernel)
    {
        KernelVariant variant = KernelVariant.Of(kernel);
        if (variant.Type.Length > 0 || !_firstVariants.TryGetValue(variant.Operation, out KernelVariant first))
            return variant;
        return first;
    }

    nint Module(KernelVariant variant)
    {
        if (_modules.TryGetValue(variant, out nint module)) return module;
        byte[] image = _images.Remove(variant, out Task<byte[]>? prepared)
            ? prepared.GetAwaiter().GetResult()
            : KernelCache.Get(variant, _architecture);
        CudaResult result = Load(image, out module);
        // A cached image may be damaged or older than the driver accepts: compile again, once.
        if (result != CudaResult.Success) result = Load(KernelCache.Recompile(variant, _architecture), out module);
        result.ThrowIfFailed($"cuModuleLoadData of kernels/{variant.Operation}.cu");
        _modules.Add(variant, module);
        _firstVariants.TryAdd(variant.Operation, variant);
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

using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;
using EsimCse.Cuda.Kernels;
using EsimCse.Cuda.Matmul;
using EsimCse.Cuda.Streams;

namespace EsimCse.Cuda;

/// <summary>
/// The CUDA backend of one device: our kernels and cuBLASLt, queued on two streams. Same input, same bits; not for several threads at a time.
/// Widths and head sizes are multiples of 8.
/// </summary>
public sealed unsafe partial class CudaBackend : IBackend
{
    [ThreadStatic]
    static nint _current;

    readonly CudaDevice _device;
    readonly nint _context;
    readonly KernelModules _kernels;
    readonly TunedMatmuls _tuned;
    readonly List<string>? _report;

    /// <summary>A backend of a device, counted from 0.</summary>
    /// <exception cref="DeviceException">There is no driver, no such device, or a library is missing; the message says what and how to get it.</exception>
    public CudaBackend(int ordinal = 0) : this(ordinal, null) { }

    CudaBackend(int ordinal, List<string>? report)
    {
        _report = report;
        _device = CudaDevice.Open(ordinal);
        CudaLibraries.Require(CudaLibraries.Compiler);
        CudaLibraries.Require(CudaLibraries.Products);
        CudaDriver.PrimaryContextRetain(out _context, _device.Handle).ThrowIfFailed();
        try
        {
            MakeCurrent();
            _kernels = new KernelModules(_device);
            _tuned = new TunedMatmuls(_device.Name);
            (_main, _side) = (new StreamContext(this, _tuned, report), new StreamContext(this, _tuned, report));
            _currentStream = _main;
            CudaDriver.EventCreate(out _forked, CudaDriver.EventDisableTiming).ThrowIfFailed();
            CudaDriver.EventCreate(out _joined, CudaDriver.EventDisableTiming).ThrowIfFailed();
        }
        catch
        {
            CudaDriver.PrimaryContextRelease(_device.Handle);
            _current = 0;
            throw;
        }
    }

    /// <inheritdoc/>
    public string Name => $"cuda:{_device.Ordinal}, {_device.Name}";

    /// <inheritdoc/>
    public string MatmulTuningHash => _tuned.Hash;

    /// <inheritdoc/>
    public int PreferredBatchTokens => 16384;

    /// <inheritdoc/>
    public int TokenPadding => 128;

    /// <inheritdoc/>
    public nint Allocate(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes == 0) return 0;
        MakeCurrent();
        CudaResult result = CudaDriver.MemAlloc(out nint address, (nuint)bytes);
        if (result == CudaResult.OutOfMemory) throw OutOfMemory(bytes);
        result.ThrowIfFailed($"cuMemAlloc of {bytes} bytes");
        return address;
    }

    /// <inheritdoc/>
    public void Free(nint address)
    {
        if (address == 0) return;
        // A device that has failed says so at every other call; said here, it would hide the first error, since memory is freed on the way out.
        CudaDriver.ContextSetCurrent(_context);
        foreach (StreamContext? lane in new[] { _main, _side })
            if (lane is not null) CudaDriver.StreamSynchronize(lane.Stream);
        CudaDriver.MemFree(address);
    }

    /// <inheritdoc/>
    public void Upload<T>(ReadOnlySpan<T> source, Matrix target) where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(source);
        Expect(target, bytes.Length);
        MakeCurrent();
        _currentStream.Staging.Upload(bytes, target.Address);
    }

    /// <inheritdoc/>
    public void Download<T>(Matrix source, Span<T> target) where T : unmanaged
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(target);
        Expect(source, bytes.Length);
        MakeCurrent();
        _currentStream.Staging.Download(source.Address, bytes);
    }

    /// <inheritdoc/>
    public IHostCopy CreateHostCopy(int bytes)
    {
        MakeCurrent();
        return new PinnedHostCopy(this, _main.Stream, bytes);
    }

    /// <inheritdoc/>
    public void Copy(Matrix source, Matrix target)
    {
        if (source.Bytes != target.Bytes) throw new ArgumentException($"{source} does not fit {target}");
        MakeCurrent();
        if (target.Bytes > 0) CudaDriver.CopyOnDevice(target.Address, source.Address, (nuint)target.Bytes, _currentStream.Stream).ThrowIfFailed();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CudaDriver.ContextSetCurrent(_context);
        CudaDriver.StreamSynchronize(_main.Stream);
        CudaDriver.StreamSynchronize(_side.Stream);
        _main.Dispose();
        _side.Dispose();
        _kernels.Dispose();
        CudaDriver.EventDestroy(_forked);
        CudaDriver.EventDestroy(_joined);
        CudaDriver.PrimaryContextRelease(_device.Handle);
        _current = 0;
    }

    nint Scratch(long bytes) => _currentStream.Scratch(bytes);

    /// <inheritdoc/>
    public bool SupportsDataType(ElementType type) => type is ElementType.Float32 or ElementType.BFloat16 or ElementType.Float16;

    static string Suffix(Matrix matrix) => matrix.Type switch
    {
        ElementType.Float32 => "_f32",
        ElementType.BFloat16 => "_bf16",
        ElementType.Float16 => "_f16",
        _ => throw new ArgumentException($"{matrix} holds no numbers to compute with"),
    };

    void Launch(string kernel, LaunchConfig geometry, params ReadOnlySpan<KernelArgument> arguments)
    {
        if (geometry.Blocks == 0 || geometry.BlocksY == 0) return;
        MakeCurrent();
        nint function = _kernels.Function(kernel, geometry.SharedBytes);
        fixed (KernelArgument* values = arguments)
        {
            void** pointers = stackalloc void*[arguments.Length];
            for (int i = 0; i < arguments.Length; i++) pointers[i] = values + i;
            CudaDriver.LaunchKernel(function, (uint)geometry.Blocks, (uint)geometry.BlocksY, (uint)geometry.BlocksZ, (uint)geometry.Threads, 1, 1,
                (uint)geometry.SharedBytes, _currentStream.Stream, pointers, null).ThrowIfFailed($"kernel {kernel}");
        }
    }

    /// <summary>A backend whose products choose their algorithms by time.</summary>
    internal static CudaBackend ToTune(int ordinal) => new(ordinal, []) { UsesGraphs = false };

    /// <summary>Writes what was chosen; a line a product, the path last.</summary>
    internal IReadOnlyList<string> FinishTuning() => [.. _report!, _tuned.Save()];

    internal void MakeCurrent()
    {
        if (_current == _context) return;
        CudaDriver.ContextSetCurrent(_context).ThrowIfFailed();
        _current = _context;
    }

    internal static void Expect(Matrix matrix, int bytes)
    {
        if (matrix.Bytes != bytes) throw new ArgumentException($"{bytes} bytes do not fit {matrix}");
    }

    static DeviceMemoryException OutOfMemory(long bytes)
    {
        CudaDriver.MemGetInfo(out nuint free, out nuint total);
        return new($"out of device memory: asked for {bytes >> 20} MiB, {free >> 20} of {total >> 20} MiB are free: lower --batch-size or --max-length, or close what else uses the device");
    }
}

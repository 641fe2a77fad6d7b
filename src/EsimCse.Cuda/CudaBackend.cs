using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;
using EsimCse.Cuda.Kernels;
using EsimCse.Cuda.Matmul;
using EsimCse.Cuda.Streams;

namespace EsimCse.Cuda;

/// <summary>
/// The CUDA backend of one device: the engine's kernels and cuBLASLt, on two streams. Equal input gives equal bits.
/// Widths and head sizes are multiples of 8. Not thread-safe.
/// </summary>
public sealed unsafe partial class CudaBackend : IBackend
{
    /// <summary>Tokens of a full batch of embedding.</summary>
    internal const int EmbeddingTokens = 16384;

    // A context that was released and retained again may have the same address.
    static int _releases;

    [ThreadStatic]
    static (nint Context, int Releases) _threadContext;

    readonly CudaDevice _device;
    readonly nint _context;
    readonly KernelModules _kernels;
    readonly TunedMatmuls _tuned;
    readonly List<string>? _tuningReport;

    /// <summary>Creates a backend on a device.</summary>
    /// <param name="ordinal">The device's number, from 0.</param>
    /// <exception cref="DeviceException">
    /// There is no driver or no such device, or a library is missing; the message says how to install it.
    /// </exception>
    public CudaBackend(int ordinal = 0) : this(ordinal, null) { }

    CudaBackend(int ordinal, List<string>? tuningReport)
    {
        _tuningReport = tuningReport;
        _device = CudaDevice.Open(ordinal);
        CudaLibraries.Require(CudaLibraries.Nvrtc);
        CudaLibraries.Require(CudaLibraries.CublasLt);
        CudaDriver.DevicePrimaryCtxRetain(out _context, _device.Handle).ThrowIfFailed();
        try
        {
            MakeCurrent();
            CaptureLock = Streams.CaptureLock.Of(_device);
            _kernels = new KernelModules(_device, CaptureLock);
            _tuned = new TunedMatmuls(TunedMatmuls.PathFor(_device.Name));
            _main = new StreamContext(this, _tuned, tuningReport);
            _side = new StreamContext(this, _tuned, tuningReport);
            _currentStream = _main;
            CudaDriver.EventCreate(out _forked, CudaEventFlags.DisableTiming).ThrowIfFailed();
            CudaDriver.EventCreate(out _joined, CudaEventFlags.DisableTiming).ThrowIfFailed();
        }
        catch
        {
            ReleaseContext();
            throw;
        }
    }

    /// <summary>Creates a backend that times cuBLASLt's algorithms for each new shape and uses the fastest.</summary>
    internal static CudaBackend CreateForTuning(int ordinal) => new(ordinal, []) { UsesGraphs = false };

    /// <inheritdoc/>
    public string Name => $"cuda:{_device.Ordinal}, {_device.Name}";

    /// <inheritdoc/>
    public string MatmulTuningHash => _tuned.Hash;

    /// <inheritdoc/>
    public bool RunsAsynchronously => true;

    /// <inheritdoc/>
    public int PreferredBatchTokens => EmbeddingTokens;

    /// <inheritdoc/>
    public int TokenPadding => 128;

    /// <inheritdoc/>
    public bool SupportsDataType(ElementType type) =>
        type is ElementType.Float32 or ElementType.BFloat16 or ElementType.Float16;

    /// <inheritdoc/>
    public nint Allocate(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes == 0) return 0;
        MakeCurrent();
        CudaResult result = CudaDriver.MemAlloc(out nint address, (nuint)bytes);
        if (result == CudaResult.OutOfMemory) ThrowOutOfMemory(bytes);
        result.ThrowIfFailed($"cuMemAlloc of {bytes} bytes");
        return address;
    }

    /// <inheritdoc/>
    public void Free(nint address)
    {
        if (address == 0) return;
        // Errors are ignored: a failed device repeats its error at every call, and memory is freed while the first
        // error's exception unwinds, which another exception would replace.
        TryMakeCurrent();
        if (_main is not null) CudaDriver.StreamSynchronize(_main.Stream);
        if (_side is not null) CudaDriver.StreamSynchronize(_side.Stream);
        CudaDriver.MemFree(address);
    }

    /// <inheritdoc/>
    public void Upload<T>(ReadOnlySpan<T> source, Matrix target) where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(source);
        RequireSize(target, bytes.Length);
        MakeCurrent();
        _currentStream.Staging.Upload(bytes, target.Address);
    }

    /// <inheritdoc/>
    public void Download<T>(Matrix source, Span<T> target) where T : unmanaged
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(target);
        RequireSize(source, bytes.Length);
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
    public IBackgroundReader CreateBackgroundReader()
    {
        MakeCurrent();
        return new PinnedReader(this, _main.Stream);
    }

    /// <inheritdoc/>
    public void Copy(Matrix source, Matrix target)
    {
        if (source.Bytes != target.Bytes) ThrowDifferentSizes(source, target);
        MakeCurrent();
        if (target.Bytes == 0) return;
        nuint bytes = (nuint)target.Bytes;
        CudaDriver.MemcpyDtoDAsync(target.Address, source.Address, bytes, _currentStream.Stream).ThrowIfFailed();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        TryMakeCurrent();
        CudaDriver.StreamSynchronize(_main.Stream);
        CudaDriver.StreamSynchronize(_side.Stream);
        _main.Dispose();
        _side.Dispose();
        _kernels.Dispose();
        CudaDriver.EventDestroy(_forked);
        CudaDriver.EventDestroy(_joined);
        ReleaseContext();
    }

    /// <summary>Bytes of the device's memory that are free.</summary>
    internal long FreeBytes
    {
        get
        {
            MakeCurrent();
            CudaDriver.MemGetInfo(out nuint free, out _).ThrowIfFailed();
            return (long)free;
        }
    }

    /// <summary>The <see cref="Streams.CaptureLock"/> of the device.</summary>
    internal Lock CaptureLock { get; }

    /// <summary>The variants of kernels that were used.</summary>
    internal IReadOnlyCollection<KernelVariant> LoadedKernels => _kernels.Loaded;

    /// <summary>Begins to compile, on other threads, the kernels that a model will use.</summary>
    internal void PrepareKernels(ElementType stored, int headSize, bool training) =>
        _kernels.Prepare(KernelVariant.ForModel(stored, headSize, training));

    nint Scratch(long bytes) => _currentStream.Scratch(bytes);

    static string Suffix(Matrix matrix) => Suffix(matrix.Type);

    internal static string Suffix(ElementType type) => type switch
    {
        ElementType.Float32 => "_f32",
        ElementType.BFloat16 => "_bf16",
        ElementType.Float16 => "_f16",
        _ => throw new ArgumentException($"{type}: no type to compute with"),
    };

    /// <summary>Enqueues a kernel on the current stream. Nothing runs if the grid is empty.</summary>
    void Launch(string kernel, LaunchConfig config, params ReadOnlySpan<KernelArgument> arguments)
    {
        if (config.Blocks == 0 || config.BlocksY == 0) return;
        fixed (KernelArgument* first = arguments)
        {
            void** parameters = stackalloc void*[arguments.Length];
            for (int i = 0; i < arguments.Length; i++) parameters[i] = first + i;
            Launch(kernel, config, parameters);
        }
    }

    void Launch(string kernel, LaunchConfig config, void** parameters)
    {
        MakeCurrent();
        nint function = _kernels.Function(kernel, config.SharedBytes);
        CudaDriver.LaunchKernel(function,
            (uint)config.Blocks, (uint)config.BlocksY, (uint)config.BlocksZ,
            (uint)config.Threads, 1, 1,
            (uint)config.SharedBytes, _currentStream.Stream, parameters, null).ThrowIfFailed($"kernel {kernel}");
    }

    /// <summary>A line for each shape that was timed.</summary>
    internal IReadOnlyList<string> TuningReport => _tuningReport ?? [];

    /// <summary>Saves the tuned algorithms and returns a line for each shape, then the file's path.</summary>
    internal IReadOnlyList<string> FinishTuning() => [.. TuningReport, _tuned.Save()];

    internal void MakeCurrent() => TryMakeCurrent().ThrowIfFailed();

    internal CudaResult TryMakeCurrent()
    {
        (nint, int) current = (_context, Volatile.Read(ref _releases));
        if (_threadContext == current) return CudaResult.Success;
        CudaResult result = CudaDriver.CtxSetCurrent(_context);
        _threadContext = result == CudaResult.Success ? current : default;
        return result;
    }

    void ReleaseContext()
    {
        CudaDriver.DevicePrimaryCtxRelease(_device.Handle);
        Interlocked.Increment(ref _releases);
    }

    internal static void RequireSize(Matrix matrix, int bytes)
    {
        if (matrix.Bytes != bytes) throw new ArgumentException($"{bytes} bytes do not fit {matrix}");
    }

    [DoesNotReturn]
    static void ThrowDifferentSizes(Matrix source, Matrix target) =>
        throw new ArgumentException($"{source} does not fit {target}");

    [DoesNotReturn]
    static void ThrowOutOfMemory(long bytes)
    {
        CudaDriver.MemGetInfo(out nuint free, out nuint total);
        string found = $"asked for {bytes >> 20} MiB, {free >> 20} of {total >> 20} MiB are free";
        const string remedy = "lower --batch-size or --max-length, or close other programs that use the device";
        throw new DeviceMemoryException($"out of device memory: {found}: {remedy}");
    }
}

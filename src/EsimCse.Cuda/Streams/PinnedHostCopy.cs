using System.Runtime.InteropServices;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Streams;

/// <summary>An asynchronous device-to-host copy into page-locked memory, with the event that marks its end.</summary>
sealed unsafe class PinnedHostCopy : IHostCopy
{
    readonly CudaBackend _backend;
    readonly nint _stream;
    readonly nint _copied;
    readonly byte* _memory;
    readonly int _bytes;
    int _length;

    public PinnedHostCopy(CudaBackend backend, nint stream, int bytes)
    {
        _backend = backend;
        _stream = stream;
        _bytes = bytes;
        CudaDriver.MemHostAlloc(out _memory, (nuint)bytes, 0).ThrowIfFailed($"cuMemHostAlloc of {bytes} bytes");
        CudaDriver.EventCreate(out _copied, CudaEventFlags.DisableTiming).ThrowIfFailed();
    }

    /// <summary>Whether the copy has ended. True also if the device failed: <see cref="Wait"/> then throws.</summary>
    public bool IsCompleted
    {
        get
        {
            _backend.MakeCurrent();
            return CudaDriver.EventQuery(_copied) != CudaResult.NotReady;
        }
    }

    public void Begin(Matrix source)
    {
        if (source.Bytes > _bytes) throw new ArgumentException($"{source} does not fit {_bytes} bytes");
        _length = (int)source.Bytes;
        _backend.MakeCurrent();
        CudaDriver.MemcpyDtoHAsync(_memory, source.Address, (nuint)_length, _stream).ThrowIfFailed();
        CudaDriver.EventRecord(_copied, _stream).ThrowIfFailed();
    }

    public void Wait<T>(Span<T> target) where T : unmanaged
    {
        _backend.MakeCurrent();
        CudaDriver.EventSynchronize(_copied).ThrowIfFailed();
        new ReadOnlySpan<byte>(_memory, _length).CopyTo(MemoryMarshal.AsBytes(target));
    }

    public void Dispose()
    {
        _backend.TryMakeCurrent();
        CudaDriver.EventSynchronize(_copied);
        CudaDriver.EventDestroy(_copied);
        CudaDriver.MemFreeHost(_memory);
    }
}

using System.Runtime.InteropServices;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Streams;

/// <summary>Page-locked memory that the device writes to while it goes on, and the event behind the copy.</summary>
sealed unsafe class PinnedHostCopy : IHostCopy
{
    readonly CudaBackend _backend;
    readonly nint _copied, _stream;
    readonly byte* _memory;
    readonly int _bytes;

    public PinnedHostCopy(CudaBackend backend, nint stream, int bytes)
    {
        (_backend, _stream, _bytes) = (backend, stream, bytes);
        CudaDriver.MemHostAlloc(out _memory, (nuint)bytes, 0).ThrowIfFailed($"cuMemHostAlloc of {bytes} bytes");
        CudaDriver.EventCreate(out _copied, CudaDriver.EventDisableTiming).ThrowIfFailed();
    }

    /// <summary>Also where the device has failed: reading says so.</summary>
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
        CudaBackend.Expect(source, _bytes);
        _backend.MakeCurrent();
        CudaDriver.CopyToHost(_memory, source.Address, (nuint)_bytes, _stream).ThrowIfFailed();
        CudaDriver.EventRecord(_copied, _stream).ThrowIfFailed();
    }

    public void Wait<T>(Span<T> target) where T : unmanaged
    {
        _backend.MakeCurrent();
        CudaDriver.EventSynchronize(_copied).ThrowIfFailed();
        new ReadOnlySpan<byte>(_memory, _bytes).CopyTo(MemoryMarshal.AsBytes(target));
    }

    public void Dispose()
    {
        CudaDriver.EventSynchronize(_copied);
        CudaDriver.EventDestroy(_copied);
        CudaDriver.MemFreeHost(_memory);
    }
}

using System.Runtime.InteropServices;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Streams;

/// <summary>Copies to the host on a stream and through page-locked memory of its own.</summary>
sealed class PinnedReader : IBackgroundReader
{
    readonly CudaBackend _backend;
    readonly nint _source;
    readonly nint _stream;
    readonly nint _marked;
    readonly PinnedStaging _staging;

    /// <summary>Creates a reader of what the stream <paramref name="source"/> writes.</summary>
    public PinnedReader(CudaBackend backend, nint source)
    {
        _backend = backend;
        _source = source;
        CudaDriver.StreamCreate(out _stream, CudaStreamFlags.NonBlocking).ThrowIfFailed();
        CudaDriver.EventCreate(out _marked, CudaEventFlags.DisableTiming).ThrowIfFailed();
        _staging = new PinnedStaging(_stream);
    }

    public void Mark()
    {
        _backend.MakeCurrent();
        CudaDriver.EventRecord(_marked, _source).ThrowIfFailed();
        CudaDriver.StreamWaitEvent(_stream, _marked, 0).ThrowIfFailed();
    }

    public void Read<T>(Matrix source, Span<T> target) where T : unmanaged
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(target);
        CudaBackend.RequireSize(source, bytes.Length);
        _backend.MakeCurrent();
        _staging.Download(source.Address, bytes);
    }

    public void Dispose()
    {
        _backend.TryMakeCurrent();
        CudaDriver.StreamSynchronize(_stream);
        _staging.Dispose();
        CudaDriver.EventDestroy(_marked);
        CudaDriver.StreamDestroy(_stream);
    }
}

using EsimCse.Cuda.Interop;
using EsimCse.Cuda.Matmul;

namespace EsimCse.Cuda.Streams;

/// <summary>A stream, and what work on it needs for itself: staging, the products' workspace, scratch memory and recorded graphs.</summary>
sealed class StreamContext : IDisposable
{
    readonly CudaBackend _backend;
    nint _scratch;
    long _scratchBytes;

    public StreamContext(CudaBackend backend, TunedMatmuls tuned, List<string>? report)
    {
        _backend = backend;
        CudaDriver.StreamCreate(out nint stream, CudaDriver.StreamNonBlocking).ThrowIfFailed();
        Stream = stream;
        Staging = new PinnedStaging(stream);
        Products = new MatmulCache(stream, backend, tuned, report);
        Graphs = new GraphCache(stream);
    }

    public nint Stream { get; }

    public PinnedStaging Staging { get; }

    public MatmulCache Products { get; }

    public GraphCache Graphs { get; }

    /// <summary>Device memory for an operation's own use, valid until the next operation. Recorded graphs hold its address: they are gone when it moves.</summary>
    public nint Scratch(long bytes)
    {
        if (bytes <= _scratchBytes) return _scratch;
        Graphs.Clear();
        _backend.Free(_scratch);
        (_scratch, _scratchBytes) = (0, 0);
        _scratch = _backend.Allocate(bytes);
        _scratchBytes = bytes;
        return _scratch;
    }

    public void Dispose()
    {
        Graphs.Clear();
        if (_scratch != 0) CudaDriver.MemFree(_scratch);
        Products.Dispose();
        Staging.Dispose();
        CudaDriver.StreamDestroy(Stream);
    }
}

using EsimCse.Cuda.Interop;
using EsimCse.Cuda.Matmul;

namespace EsimCse.Cuda.Streams;

/// <summary>A CUDA stream with its staging buffers, matrix products, scratch memory and graphs.</summary>
sealed class StreamContext : IDisposable
{
    readonly CudaBackend _backend;
    nint _scratch;
    long _scratchBytes;

    public StreamContext(CudaBackend backend, TunedMatmuls tuned, List<string>? tuningReport)
    {
        _backend = backend;
        CudaDriver.StreamCreate(out nint stream, CudaStreamFlags.NonBlocking).ThrowIfFailed();
        Stream = stream;
        Staging = new PinnedStaging(stream);
        Matmuls = new MatmulCache(stream, backend, tuned, tuningReport);
        Sums = new PendingSums(backend);
        Graphs = new GraphCache(stream, backend.CaptureLock, Sums);
    }

    public nint Stream { get; }

    public PinnedStaging Staging { get; }

    public MatmulCache Matmuls { get; }

    public PendingSums Sums { get; }

    public GraphCache Graphs { get; }

    /// <summary>
    /// Returns device memory of at least <paramref name="bytes"/> bytes, valid until the next operation. Growing it
    /// discards the graphs, which contain its address.
    /// </summary>
    public nint Scratch(long bytes)
    {
        if (bytes <= _scratchBytes) return _scratch;
        Graphs.Clear();
        _backend.Free(_scratch);
        _scratch = 0;
        _scratchBytes = 0;
        _scratch = _backend.Allocate(bytes);
        _scratchBytes = bytes;
        return _scratch;
    }

    public void Dispose()
    {
        Graphs.Clear();
        if (_scratch != 0) CudaDriver.MemFree(_scratch);
        Sums.Dispose();
        Matmuls.Dispose();
        Staging.Dispose();
        CudaDriver.StreamDestroy(Stream);
    }
}

using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Matmul;

/// <summary>A cuBLASLt handle with its stream and the workspace of that stream, allocated at first use.</summary>
sealed class CublasLtContext : IDisposable
{
    public const int WorkspaceBytes = 32 << 20;

    readonly CudaBackend _backend;
    nint _workspace;

    public CublasLtContext(nint stream, CudaBackend backend)
    {
        Stream = stream;
        _backend = backend;
        lock (backend.CaptureLock)
        {
            CublasLt.Create(out nint handle).ThrowIfFailed();
            Handle = handle;
        }
    }

    public nint Handle { get; }

    public nint Stream { get; }

    public nint Workspace
    {
        get
        {
            if (_workspace == 0) _workspace = _backend.Allocate(WorkspaceBytes);
            return _workspace;
        }
    }

    public void Dispose()
    {
        if (_workspace != 0) CudaDriver.MemFree(_workspace);
        lock (_backend.CaptureLock) CublasLt.Destroy(Handle);
    }
}

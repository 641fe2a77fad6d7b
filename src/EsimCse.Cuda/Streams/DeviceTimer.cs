using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Streams;

/// <summary>Measures how long work of the main stream takes on the device, by events before and after it.</summary>
sealed class DeviceTimer : IDisposable
{
    readonly CudaBackend _backend;
    readonly nint _start;
    readonly nint _end;

    public DeviceTimer(CudaBackend backend)
    {
        _backend = backend;
        backend.MakeCurrent();
        CudaDriver.EventCreate(out _start, CudaEventFlags.Default).ThrowIfFailed();
        CudaDriver.EventCreate(out _end, CudaEventFlags.Default).ThrowIfFailed();
    }

    /// <summary>Queues work, waits for its end, and returns its milliseconds on the device.</summary>
    public double Measure(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        _backend.MakeCurrent();
        CudaDriver.EventRecord(_start, _backend.MainStream).ThrowIfFailed();
        work();
        _backend.MakeCurrent();
        CudaDriver.EventRecord(_end, _backend.MainStream).ThrowIfFailed();
        CudaDriver.EventSynchronize(_end).ThrowIfFailed();
        CudaDriver.EventElapsedTime(out float milliseconds, _start, _end).ThrowIfFailed();
        return milliseconds;
    }

    public void Dispose()
    {
        _backend.TryMakeCurrent();
        CudaDriver.EventDestroy(_start);
        CudaDriver.EventDestroy(_end);
    }
}

using EsimCse.Core.Backend;
using EsimCse.Cuda;
using EsimCse.Cuda.Interop;
using EsimCse.Cuda.Streams;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

[Collection("cuda")]
public class DeviceTimerTests
{
    const int Width = 1024;
    const CudaResult InvalidHandle = (CudaResult)400;

    [Fact]
    public void Work_takes_time_and_is_done_when_its_time_is_known()
    {
        using CudaBackend backend = (CudaBackend)Backends.Create(Backends.Cuda);
        using DeviceTimer timer = new(backend);
        Matrix x = new(backend.Allocate(Width * sizeof(float)), 1, Width);
        Matrix y = new(backend.Allocate(Width * sizeof(float)), 1, Width);
        backend.Upload<float>([.. Enumerable.Repeat(1f, Width)], x);
        double one = timer.Measure(() => backend.TanhForward(x, y));
        float[] result = new float[Width];
        backend.Download(y, result.AsSpan());
        backend.Free(x.Address);
        backend.Free(y.Address);
        Assert.True(one > 0, $"found {one} ms");
        Assert.Equal(Math.Tanh(1), result[^1], 1e-6);
    }

    [Fact]
    public void Events_without_timing_have_no_time()
    {
        using CudaBackend backend = (CudaBackend)Backends.Create(Backends.Cuda);
        SoftCuda.Reset();
        CudaDriver.EventCreate(out nint timed, CudaEventFlags.Default).ThrowIfFailed();
        CudaDriver.EventCreate(out nint untimed, CudaEventFlags.DisableTiming).ThrowIfFailed();
        foreach (nint recorded in new[] { timed, untimed })
        {
            CudaDriver.EventRecord(recorded, backend.MainStream).ThrowIfFailed();
            CudaDriver.EventSynchronize(recorded).ThrowIfFailed();
        }
        CudaResult found = CudaDriver.EventElapsedTime(out _, timed, untimed);
        SoftCuda.Reset();
        CudaDriver.EventDestroy(timed);
        CudaDriver.EventDestroy(untimed);
        Assert.Equal(InvalidHandle, found);
    }
}

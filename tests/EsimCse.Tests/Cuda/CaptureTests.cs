using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>
/// SoftCuda captures streams that events join to a capture, as hardware does, and refuses what hardware refuses.
/// </summary>
[Collection("cuda")]
public sealed class CaptureTests : IDisposable
{
    const int Threads = 64;

    const string Kernels = """
        extern "C" __global__ void set(float* y, int value) { y[threadIdx.x] = value; }
        extern "C" __global__ void add(float* y, const float* x) { y[threadIdx.x] += x[threadIdx.x]; }
        """;

    readonly IBackend _backend;
    readonly RawKernels _kernels;
    readonly Matrix _x, _y;
    readonly nint _set, _add, _side, _forked, _joined;

    public CaptureTests()
    {
        _backend = Backends.Create(Backends.Cuda);
        SoftCuda.Reset();
        _kernels = new RawKernels(Kernels);
        _set = _kernels.Function("set");
        _add = _kernels.Function("add");
        _x = new Matrix(_backend.Allocate(Threads * sizeof(float)), 1, Threads);
        _y = new Matrix(_backend.Allocate(Threads * sizeof(float)), 1, Threads);
        CudaDriver.StreamCreate(out _side, CudaStreamFlags.NonBlocking).ThrowIfFailed();
        CudaDriver.EventCreate(out _forked, CudaEventFlags.DisableTiming).ThrowIfFailed();
        CudaDriver.EventCreate(out _joined, CudaEventFlags.DisableTiming).ThrowIfFailed();
    }

    nint Main => _kernels.Stream;

    public void Dispose()
    {
        CudaDriver.EventDestroy(_forked);
        CudaDriver.EventDestroy(_joined);
        CudaDriver.StreamDestroy(_side);
        _kernels.Dispose();
        _backend.Free(_x.Address);
        _backend.Free(_y.Address);
        _backend.Dispose();
    }

    [Fact]
    public void A_forked_and_joined_graph_runs_in_the_order_of_its_events()
    {
        Begin();
        Set(Main, _x, 1);
        Fork();
        Set(_side, _y, 2);
        Add(_side, _y, _x);
        Join();
        Add(Main, _x, _y);
        nint graph = End();
        for (uint seed = 1; seed <= 12; seed++)
        {
            SoftCuda.Seed(seed);
            Launch(graph);
            Assert.All(Read(_x), value => Assert.Equal(1 + 3, value));
        }
        CudaDriver.GraphExecDestroy(graph).ThrowIfFailed();
    }

    [Fact]
    public void Branches_run_in_any_order()
    {
        Begin();
        Fork();
        Set(_side, _y, 2);
        Set(Main, _y, 1);
        Join();
        nint graph = End();
        HashSet<float> last = [];
        for (uint seed = 1; seed <= 12; seed++)
        {
            SoftCuda.Seed(seed);
            Launch(graph);
            last.Add(Read(_y)[0]);
        }
        Assert.Equal([1, 2], last.Order());
        CudaDriver.GraphExecDestroy(graph).ThrowIfFailed();
    }

    [Fact]
    public void A_capture_that_ends_before_a_branch_is_joined_is_refused()
    {
        Begin();
        Fork();
        Set(_side, _y, 2);
        CudaDriver.EventRecord(_joined, _side).ThrowIfFailed();
        Set(_side, _y, 3);
        CudaDriver.StreamWaitEvent(Main, _joined, 0).ThrowIfFailed();
        Assert.Equal(904, (int)CudaDriver.StreamEndCapture(Main, out _));
        Set(Main, _y, 4); // both streams are free again
        Set(_side, _x, 5);
        Assert.Equal(4, Read(_y)[0]);
    }

    [Fact]
    public void A_capture_ends_on_the_stream_on_which_it_began()
    {
        Begin();
        Fork();
        Assert.Equal(903, (int)CudaDriver.StreamEndCapture(_side, out _));
        Assert.Equal(901, (int)CudaDriver.StreamEndCapture(Main, out _));
    }

    [Fact]
    public void A_wait_for_an_event_outside_ends_the_capture()
    {
        CudaDriver.EventRecord(_forked, _side).ThrowIfFailed();
        Begin();
        Assert.Equal(905, (int)CudaDriver.StreamWaitEvent(Main, _forked, 0));
        Assert.Equal(901, (int)CudaDriver.StreamEndCapture(Main, out _));
    }

    [Fact]
    public void A_captured_event_can_be_neither_queried_nor_waited_for_outside()
    {
        Begin();
        Fork();
        Join();
        CudaDriver.GraphExecDestroy(End()).ThrowIfFailed();
        Assert.Equal(907, (int)CudaDriver.EventQuery(_forked));
        Assert.Equal(907, (int)CudaDriver.EventSynchronize(_forked));
        Assert.Equal(907, (int)CudaDriver.StreamWaitEvent(_side, _forked, 0));
        CudaDriver.EventRecord(_forked, _side).ThrowIfFailed();
        CudaDriver.EventSynchronize(_forked).ThrowIfFailed();
    }

    [Fact]
    public void Two_captures_cannot_be_joined()
    {
        Begin();
        CudaDriver.EventRecord(_forked, Main).ThrowIfFailed();
        CudaDriver.StreamBeginCapture(_side, CudaStreamCaptureMode.ThreadLocal).ThrowIfFailed();
        Assert.Equal(902, (int)CudaDriver.StreamWaitEvent(_side, _forked, 0));
        Assert.Equal(901, (int)CudaDriver.StreamEndCapture(_side, out _));
        CudaDriver.GraphExecDestroy(End()).ThrowIfFailed();
    }

    void Begin() => CudaDriver.StreamBeginCapture(Main, CudaStreamCaptureMode.ThreadLocal).ThrowIfFailed();

    void Fork()
    {
        CudaDriver.EventRecord(_forked, Main).ThrowIfFailed();
        CudaDriver.StreamWaitEvent(_side, _forked, 0).ThrowIfFailed();
    }

    void Join()
    {
        CudaDriver.EventRecord(_joined, _side).ThrowIfFailed();
        CudaDriver.StreamWaitEvent(Main, _joined, 0).ThrowIfFailed();
    }

    nint End()
    {
        CudaDriver.StreamEndCapture(Main, out nint graph).ThrowIfFailed();
        CudaDriver.GraphInstantiateWithFlags(out nint executable, graph, 0).ThrowIfFailed();
        CudaDriver.GraphDestroy(graph);
        return executable;
    }

    void Launch(nint graph)
    {
        CudaDriver.GraphLaunch(graph, Main).ThrowIfFailed();
        CudaDriver.StreamSynchronize(Main).ThrowIfFailed();
    }

    void Set(nint stream, Matrix y, int value) =>
        RawKernels.Enqueue(stream, _set, 0, y.Address, value).ThrowIfFailed();

    void Add(nint stream, Matrix y, Matrix x) =>
        RawKernels.Enqueue(stream, _add, 0, y.Address, x.Address).ThrowIfFailed();

    float[] Read(Matrix y)
    {
        CudaDriver.StreamSynchronize(Main).ThrowIfFailed();
        CudaDriver.StreamSynchronize(_side).ThrowIfFailed();
        float[] values = new float[Threads];
        _backend.Download(y, values.AsSpan());
        return values;
    }
}

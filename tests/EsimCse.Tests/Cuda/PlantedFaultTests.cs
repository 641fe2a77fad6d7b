using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>Mistakes that hardware may let pass, planted in kernels and host code: SoftCuda finds each.</summary>
[Collection("cuda")]
public sealed unsafe class PlantedFaultTests : IDisposable
{
    const string Kernels = """
        extern "C" __global__ void barrier_missing(float* y)
        {
            __shared__ float shared[64];
            shared[threadIdx.x] = threadIdx.x;
            y[threadIdx.x] = shared[63 - threadIdx.x];
        }
        extern "C" __global__ void barrier_there(float* y)
        {
            __shared__ float shared[64];
            shared[threadIdx.x] = threadIdx.x;
            __syncthreads();
            y[threadIdx.x] = shared[63 - threadIdx.x];
        }
        extern "C" __global__ void barrier_missing_between_warps(float* y)
        {
            __shared__ float shared[64];
            float value = threadIdx.x;
            for (int i = 0; i < 4; i++) value = __shfl_xor_sync(0xffffffffu, value, 1);
            shared[threadIdx.x] = value;
            __syncwarp();
            y[threadIdx.x] = shared[63 - threadIdx.x];
        }
        extern "C" __global__ void barrier_divergent(float* y)
        {
            if (threadIdx.x < 40) __syncthreads();
            y[threadIdx.x] = 1;
        }
        extern "C" __global__ void writes_behind(float* y, int n) { y[n + threadIdx.x] = 1; }
        extern "C" __global__ void writes_far_behind(float* y) { y[1 << 28] = 1; }
        extern "C" __global__ void writes_behind_shared(float* y)
        {
            static_cast<float*>(simt_dynamic_shared())[64 + threadIdx.x] = 1;
        }
        extern "C" __global__ void vector_access(float* y, int offset)
        {
            *reinterpret_cast<uint4*>(y + offset) = make_uint4(0, 0, 0, 0);
        }
        extern "C" __global__ void lane_dead(float* y)
        {
            if (threadIdx.x == 5) return;
            y[threadIdx.x] = __shfl_xor_sync(0xffffffffu, static_cast<float>(threadIdx.x), 1);
        }
        extern "C" __global__ void uses_static_shared(float* y)
        {
            __shared__ float shared[256];
            shared[threadIdx.x] = threadIdx.x;
            y[threadIdx.x] = shared[threadIdx.x];
        }
        extern "C" __global__ void takes_long(float* y)
        {
            for (int i = 0; i < 1000000; i++) *static_cast<volatile float*>(y + threadIdx.x) = i;
        }
        extern "C" __global__ void takes_number(float* y, int n) { if (threadIdx.x < n) y[threadIdx.x] = 2; }
        """;

    readonly IBackend _backend;
    readonly RawKernels _kernels;
    readonly Matrix _y;

    public PlantedFaultTests()
    {
        _backend = Backends.Create(Backends.Cuda);
        SoftCuda.Reset();
        _kernels = new RawKernels(Kernels);
        _y = new Matrix(_backend.Allocate(64 * 4), 1, 64);
    }

    public void Dispose()
    {
        SoftCuda.Reset();
        _kernels.Dispose();
        _backend.Free(_y.Address);
        _backend.Dispose();
    }

    CudaResult Launch(string kernel, int sharedBytes, params long[] arguments) =>
        _kernels.Launch(kernel, sharedBytes, arguments);

    float[] Values()
    {
        float[] values = new float[64];
        _backend.Download(_y, values.AsSpan());
        return values;
    }

    /// <summary>Reads the first element on the test's stream, which waits for no other.</summary>
    float ReadOnStream()
    {
        fixed (float* target = new float[64])
        {
            CudaDriver.MemcpyDtoHAsync(target, _y.Address, 64 * 4, _kernels.Stream).ThrowIfFailed();
            CudaDriver.StreamSynchronize(_kernels.Stream).ThrowIfFailed();
            return target[0];
        }
    }

    [Fact]
    public void A_missing_barrier_shows_as_poison_and_a_barrier_mends_it()
    {
        Assert.Equal(CudaResult.Success, Launch("barrier_missing", 0, _y.Address));
        Assert.Contains(Values(), float.IsNaN);
        Assert.Equal(CudaResult.Success, Launch("barrier_there", 0, _y.Address));
        Assert.Equal(Enumerable.Range(0, 64).Select(i => 63f - i), Values());
    }

    [Fact]
    public void A_barrier_that_is_missing_between_warps_that_wait_for_themselves_shows()
    {
        bool Shows(uint seed)
        {
            SoftCuda.Seed(seed);
            Assert.Equal(CudaResult.Success, Launch("barrier_missing_between_warps", 0, _y.Address));
            return Values().Any(float.IsNaN);
        }
        Assert.Contains(Enumerable.Range(1, 12), seed => Shows((uint)seed));
    }

    [Theory]
    [InlineData("barrier_divergent", 719, 0)]
    [InlineData("writes_far_behind", 700, 0)]
    [InlineData("writes_behind", 700, 64)]
    [InlineData("vector_access", 716, 1)]
    [InlineData("lane_dead", 719, 0)]
    public void A_kernel_that_errs_breaks_the_context(string kernel, int error, int number)
    {
        Assert.Equal(error, (int)Launch(kernel, 0, _y.Address, number));
        Assert.Equal(error, (int)CudaDriver.MemAlloc(out _, 64));
        SoftCuda.Reset();
        Assert.Equal(CudaResult.Success, Launch("vector_access", 0, _y.Address, 4));
    }

    [Fact]
    public void A_fault_of_another_thread_while_a_kernel_runs_is_that_threads()
    {
        string? missing = null;
        bool ends = false;
        int faults = 0;
        Thread other = new(() =>
        {
            while (!Volatile.Read(ref ends))
            {
                Assert.Throws<NullReferenceException>(() => missing!.Length);
                faults++;
            }
        });
        other.Start();
        Assert.Equal(CudaResult.Success, Launch("takes_long", 0, _y.Address));
        Volatile.Write(ref ends, true);
        other.Join();
        Assert.NotEqual(0, faults);
    }

    // Within one allocation the device accepts any write: the gaps between tensors show it.
    [Fact]
    public void A_write_past_a_tensor_within_its_arena_shows_in_the_gap()
    {
        GuardedMatrix tensor = new(_backend, 1, 64);
        _ = tensor.Floats;
        Assert.Equal(CudaResult.Success, Launch("writes_behind", 0, tensor.Matrix.Address, 1));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(tensor.Dispose);
    }

    [Fact]
    public void An_address_of_the_host_or_in_a_numbers_place_is_refused()
    {
        float[] host = new float[64];
        fixed (float* pinned = host) Assert.NotEqual(CudaResult.Success, Launch("takes_number", 0, (nint)pinned, 64));
        SoftCuda.Reset();
        Assert.NotEqual(CudaResult.Success, Launch("takes_number", 0, _y.Address, _y.Address));
        SoftCuda.Reset();
        Assert.NotEqual(CudaResult.Success, Launch("takes_number", 0, 64, _y.Address));
    }

    [Fact]
    public void A_write_behind_a_blocks_shared_memory_is_found()
    {
        Assert.Equal(CudaResult.Success, Launch("writes_behind_shared", 128 * sizeof(float), _y.Address));
        Assert.Equal(719, (int)Launch("writes_behind_shared", 64 * sizeof(float), _y.Address));
    }

    [Fact]
    public void Shared_memory_past_the_limit_needs_the_opt_in()
    {
        Assert.NotEqual(CudaResult.Success, Launch("takes_number", 64 << 10, _y.Address, 64));
        SoftCuda.Reset();
        nint function = _kernels.Function("takes_number");
        CudaResult result =
            CudaDriver.FuncSetAttribute(function, CudaFunctionAttribute.MaxDynamicSharedSizeBytes, 228 << 10);
        Assert.NotEqual(CudaResult.Success, result);
    }

    [Theory]
    [InlineData(47 << 10, 0, true)]
    [InlineData((47 << 10) + 16, 0, false)]
    [InlineData((47 << 10) + 16, 49 << 10, true)]
    [InlineData(49 << 10, 226 << 10, true)]
    [InlineData(49 << 10, (226 << 10) + 16, false)]
    public void Static_and_dynamic_shared_memory_share_the_limit(int dynamicBytes, int optedIn, bool fits)
    {
        nint function = _kernels.Function("uses_static_shared");
        CudaFunctionAttribute attribute = CudaFunctionAttribute.MaxDynamicSharedSizeBytes;
        if (optedIn > 0) CudaDriver.FuncSetAttribute(function, attribute, optedIn).ThrowIfFailed();
        Assert.Equal(fits ? 0 : 1, (int)_kernels.Launch(function, dynamicBytes, _y.Address));
    }

    [Fact]
    public void A_missing_event_between_two_streams_shows()
    {
        CudaDriver.StreamCreate(out nint other, CudaStreamFlags.NonBlocking).ThrowIfFailed();
        CudaDriver.MemHostAlloc(out byte* pinned, 64 * 4, 0).ThrowIfFailed();
        new Span<float>((float*)pinned, 64).Fill(7);
        int wrong = 0;
        for (uint seed = 0; seed < 20; seed++)
        {
            SoftCuda.Seed(seed);
            _backend.Upload<float>(new float[64], _y);
            CudaDriver.MemcpyHtoDAsync(_y.Address, pinned, 64 * 4, other).ThrowIfFailed();
            // Nothing makes this stream wait for the other one.
            if (ReadOnStream() != 7) wrong++;
            CudaDriver.StreamSynchronize(other).ThrowIfFailed();
        }
        Assert.InRange(wrong, 1, 19);
        _ = Values(); // waits for the last upload
        CudaDriver.StreamDestroy(other).ThrowIfFailed();
        CudaDriver.MemFreeHost(pinned).ThrowIfFailed();
    }

    [Fact]
    public void A_pinned_buffer_that_is_refilled_too_early_shows()
    {
        CudaDriver.MemHostAlloc(out byte* pinned, 64 * 4, 0).ThrowIfFailed();
        Span<float> buffer = new((float*)pinned, 64);
        buffer.Fill(1);
        CudaDriver.MemcpyHtoDAsync(_y.Address, pinned, 64 * 4, _kernels.Stream).ThrowIfFailed();
        buffer.Fill(2);
        CudaDriver.StreamSynchronize(_kernels.Stream).ThrowIfFailed();
        Assert.Equal(2, Values()[0]);
        CudaDriver.MemFreeHost(pinned).ThrowIfFailed();
    }

    [Fact]
    public void A_call_in_no_context_is_refused()
    {
        CudaDriver.CtxSetCurrent(0).ThrowIfFailed();
        Assert.NotEqual(CudaResult.Success, CudaDriver.MemAlloc(out _, 64));
        CudaDriver.DevicePrimaryCtxRetain(out nint context, 0).ThrowIfFailed();
        CudaDriver.CtxSetCurrent(context).ThrowIfFailed();
        CudaDriver.DevicePrimaryCtxRelease(0).ThrowIfFailed();
    }

    [Fact]
    public void The_split_K_algorithm_that_is_wrong_is_refused_where_the_split_does_not_divide_K()
    {
        const int rows = 40;
        const int n = 16;
        const int k = 8;
        double[] x = Numbers.Normal(rows * k, 1);
        double[] dy = Numbers.Normal(rows * n, 2);
        using GuardedMatrix gx = new(_backend, rows, k, x);
        using GuardedMatrix gdy = new(_backend, rows, n, dy);
        using GuardedMatrix dw = new(_backend, n, k, new double[n * k]);
        _backend.LinearBackwardWeight(gdy.Matrix, gx.Matrix, accumulate: true, dw.Matrix, default);
        double[] expected = Reference.Linear.BackwardWeight(dy, x, rows, n, k).Item1;
        new Tolerance(1e-4, 1e-5, "a sum of forty products in fp32").Check(expected, dw.Values, "dw");
    }
}

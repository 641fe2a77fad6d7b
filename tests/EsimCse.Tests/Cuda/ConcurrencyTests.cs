using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Cuda;
using EsimCse.Cuda.Interop;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>Several backends in one process, each with a thread of its own, compute what each computes alone.</summary>
[Collection("cuda")]
public class ConcurrencyTests
{
    const int Group = 1, Trainings = 2, Embedders = 3, Rounds = 3, RoundsOnHardware = 10;

    static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    static readonly BertConfig Config = SmallModel.Config with { Layers = 1, HiddenSize = 8, Heads = 1 };

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 2)]
    [InlineData(1, 50, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(2, 50, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    public async Task Trainings_and_embedders_side_by_side_compute_what_each_computes_alone(int devices, int times)
    {
        RequireDevices(devices);
        // Where there is hardware, time on it is short.
        if (!SoftCuda.IsLoaded) times = Math.Min(times, RoundsOnHardware);
        int ended = CountEndedCaptures();
        byte[] trained = Train(0);
        float[] embedded = Embed(0);
        for (int time = 0; time < times; time++)
        {
            Task<byte[]>[] trainings = [.. Enumerable.Range(0, Trainings).Select(i => Start(() => Train(i % devices)))];
            Task<float[]>[] embedders =
                [.. Enumerable.Range(0, Embedders).Select(i => Start(() => Embed((i + 1) % devices)))];
            foreach (byte[] state in await Task.WhenAll(trainings)) Assert.Equal(trained, state);
            foreach (float[] vectors in await Task.WhenAll(embedders)) Assert.Equal(embedded, vectors);
        }
        Assert.Equal(ended, CountEndedCaptures());
    }

    [Fact]
    public void Two_devices_used_in_turn_by_one_thread_keep_their_memory_apart()
    {
        RequireDevices(2);
        using CudaBackend first = new(0), second = new(1);
        for (int round = 0; round < Rounds; round++)
        {
            Check(first);
            Check(second);
            nint other = second.Allocate(64);
            Check(first);
            // Freeing makes the other device current.
            second.Free(other);
            Check(first);
        }
    }

    [Fact]
    public async Task A_thread_uses_one_backend_after_the_other_that_another_thread_owns()
    {
        Backends.RequireCuda();
        using SemaphoreSlim ready = new(0), used = new(0);
        CudaBackend? backend = null;
        Task<int> user = Start(() =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                Assert.True(ready.Wait(Timeout, TestContext.Current.CancellationToken));
                Check(backend!);
                used.Release();
            }
            return 0;
        });
        Task<int> owner = Start(() =>
        {
            for (int round = 0; round < Rounds; round++)
                using (backend = new CudaBackend())
                {
                    ready.Release();
                    Assert.True(used.Wait(Timeout, TestContext.Current.CancellationToken));
                }
            return 0;
        });
        await Task.WhenAll(user, owner);
    }

    [Fact]
    public async Task Work_whose_capture_another_library_ends_runs_and_is_captured_the_next_time()
    {
        Backends.RequireCuda();
        Assert.SkipUnless(SoftCuda.IsLoaded, "only the software device tells which calls end a capture");
        await Start(() =>
        {
            using CudaBackend cuda = new();
            using GuardedMatrix x = new(cuda, 1, 8, Numbers.Normal(8, 1));
            using GuardedMatrix y = new(cuda, 1, 8);
            GraphKey key = new(this, "part", 1, 1, 1, 0, 0);
            int runs = 0;
            int ended = CountEndedCaptures();
            foreach (bool isEnded in new[] { false, true, false, false })
            {
                cuda.Upload<float>(new float[8], y);
                cuda.RunGraph(key, () =>
                {
                    runs++;
                    cuda.TanhForward(x, y);
                    if (isEnded) EndCaptures(cuda);
                });
                Assert.Equal(MathF.Tanh(x.Floats[0]), y.Floats[0], 1e-6f);
            }
            // Run, captured in vain and run, captured, launched.
            Assert.Equal(4, runs);
            Assert.Equal(ended + 1, CountEndedCaptures());
            return 0;
        });
    }

    static void Check(CudaBackend cuda)
    {
        using GuardedMatrix x = new(cuda, 1, 8, Numbers.Normal(8, 1));
        using GuardedMatrix y = new(cuda, 1, 8);
        cuda.TanhForward(x, y);
        Assert.Equal(MathF.Tanh(x.Floats[0]), y.Floats[0], 1e-6f);
    }

    /// <summary>Trains often enough to capture graphs and to launch them.</summary>
    static byte[] Train(int device)
    {
        using CudaBackend cuda = new(device);
        using RandomTraining training = new(cuda, Config, Pooler.Cls);
        training.RunMany(Rounds);
        return training.StateBits();
    }

    static float[] Embed(int device)
    {
        using CudaBackend cuda = new(device);
        using BertParameters bert = BertParameters.Random(cuda, Config, head: false, seed: 3);
        using Embedder embedder = new(cuda, Config, Pooler.Avg);
        int[][] sentences = [[2, 5, 6, 3], [2, 9, 3]];
        return [.. Enumerable.Range(0, Rounds).SelectMany(_ => embedder.Embed(bert.Weights, sentences))];
    }

    /// <summary>Starts work on a thread of its own; on SoftCuda these threads use the device together.</summary>
    static Task<T> Start<T>(Func<T> work) => Task.Factory.StartNew(
        () =>
        {
            if (SoftCuda.IsLoaded) SoftCuda.Join(Group);
            return work();
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    static void EndCaptures(CudaBackend cuda)
    {
        Thread other = new(LoadModule);
        other.Start();
        other.Join();

        unsafe void LoadModule()
        {
            cuda.MakeCurrent();
            byte none = 0;
            CudaDriver.ModuleLoadData(out _, &none);
        }
    }

    static int CountEndedCaptures() => SoftCuda.IsLoaded ? SoftCuda.CountEndedCaptures() : 0;

    static void RequireDevices(int count)
    {
        Backends.RequireCuda();
        Assert.SkipUnless(CudaDevice.All().Count >= count, $"fewer than {count} devices");
    }
}

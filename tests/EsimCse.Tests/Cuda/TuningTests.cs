using EsimCse.Cuda;
using EsimCse.Cuda.Matmul;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>Tuning runs when it is asked for; its table is stored, used, and part of a checkpoint's identity.</summary>
public sealed class TuningTests : IDisposable
{
    const string CacheVariable = "XDG_CACHE_HOME";

    readonly SmallModel _small = new();

    public void Dispose() => _small.Dispose();

    [Fact]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void A_tuned_table_is_used_and_a_checkpoint_of_another_table_says_so()
    {
        Backends.RequireCuda();
        string cache = _small.In("cache");
        string table = Tune(cache);
        Assert.StartsWith(_small.In("cache", "esimcse", "matmuls-"), table, StringComparison.Ordinal);
        Run(cache, TrainArguments());
        File.Delete(_small.In("run", "model.safetensors"));
        string[] resume = [.. TrainArguments(), "--resume"];
        Assert.Contains("tuned differently", Run(_small.In("elsewhere"), resume), StringComparison.Ordinal);
        Assert.DoesNotContain("tuned differently", Run(cache, resume), StringComparison.Ordinal);
        File.WriteAllText(table, "{\"no\": 3");
        Run(cache, "similarity", _small.In("run"), "a cat", "a dog", "--device", "cuda");
    }

    [Fact]
    public void A_batch_invariant_product_is_timed_once_for_the_first_number_of_rows()
    {
        Backends.RequireCuda();
        using CudaBackend cuda = CudaBackend.CreateForTuning(0);
        using GuardedMatrix w = new(cuda, 16, 8, Numbers.Normal(128, 1));
        Multiply(256);
        cuda.RunOnSideStream(() => Multiply(128));
        cuda.WaitForSideStream();
        Multiply(384);
        Assert.StartsWith("16x256x8 ", Assert.Single(cuda.TuningReport), StringComparison.Ordinal);

        void Multiply(int rows)
        {
            using GuardedMatrix x = new(cuda, rows, 8, Numbers.Normal(8 * rows, 2));
            using GuardedMatrix y = new(cuda, rows, 16);
            cuda.LinearForward(x, w, default, y);
        }
    }

    // 128 sentences: steps of 128 tokens are the smallest, and the momentum encoder embeds half of them.
    [Fact]
    public void Training_is_timed_for_each_number_of_rows()
    {
        Backends.RequireCuda();
        using CudaBackend cuda = CudaBackend.CreateForTuning(0);
        MatmulTuning.TuneTraining(cuda, SmallModel.Config, tokens: 128, default);
        Assert.DoesNotContain(cuda.TuningReport, line => line.Contains(", for every batch:"));
        string[] sizes = [.. cuda.TuningReport.Select(line => line.Split(' ')[0])];
        foreach (int rows in new[] { 128, 256, 384, 512, 640 })
        {
            Assert.Single(sizes, $"48x{rows}x16"); // query, key and value
            Assert.Single(sizes, $"16x{rows}x48"); // the gradient of their input
            Assert.Single(sizes, $"16x48x{rows}"); // and of their weights
        }
        // The momentum encoder's 64 [CLS] rows: queries, output and head, then the feed-forward layer.
        string[] expected = ["16x64x16", "16x64x16", "16x64x16", "16x64x24", "24x64x16"];
        Assert.Equal(expected, sizes.Where(size => size.Contains("x64x")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Tuning_needs_a_CUDA_device()
    {
        (int code, _, string error) = Tool.Run("", "tune", _small.In("config.json"), "--device", "cpu");
        Assert.Equal(1, code);
        Assert.Contains("CUDA device", error, StringComparison.Ordinal);
    }

    /// <summary>Tunes, checks that there is a line per product, and returns the path of the table.</summary>
    string Tune(string cache)
    {
        string[] arguments = ["tune", _small.In("config.json"), "--tokens", "300", "--device", "cuda"];
        (int code, string output, string error) = Tool.Start([new(CacheVariable, cache)], arguments);
        Assert.True(code == 0, error);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length > 20, output);
        Assert.All(lines[..^1], line => Assert.Contains(" us with algorithm ", line, StringComparison.Ordinal));
        return lines[^1];
    }

    string[] TrainArguments() =>
    [
        "train", "--from-scratch", _small.In("config.json"), "--vocabulary", _small.Folder,
        "--data", _small.In("corpus.txt"), "--output", _small.In("run"),
        "--max-steps", "3", "--batch-size", "8", "--save-every", "1", "--device", "cuda",
    ];

    static string Run(string cache, params string[] arguments)
    {
        (int code, _, string error) = Tool.Start([new(CacheVariable, cache)], arguments);
        Assert.True(code == 0, error);
        return error;
    }
}

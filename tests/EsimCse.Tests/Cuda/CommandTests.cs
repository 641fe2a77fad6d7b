using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>The commands on a CUDA device.</summary>
public class CommandTests
{
    static string Run(params string[] arguments)
    {
        (int code, string output, string error) = Tool.Run("", [.. arguments, "--device", "cuda"]);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {code}: {error}");
        return output;
    }

    [Fact]
    public void Train_embed_and_similarity_run_on_it()
    {
        Backends.RequireCuda();
        using SmallModel small = new();
        Run("train", "--from-scratch", small.In("config.json"), "--vocabulary", small.Folder, "--data", small.In("corpus.txt"), "--output", small.In("run"), "--max-steps", "3",
            "--batch-size", "8", "--eval-data", small.Folder, "--eval-every", "2");
        Assert.Equal(3 + 3, File.ReadLines(small.In("run", "metrics.jsonl")).Count());
        string vectors = Run("embed", small.In("run"), small.In("corpus.txt"));
        Assert.Equal(45, vectors.Count(c => c == '\n'));
        (_, string cpu, _) = Tool.Run("", "embed", small.In("run"), small.In("corpus.txt"), "--device", "cpu");
        double[] Numbers(string text) => [.. text.Split(['[', ']', ',', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(number => double.Parse(number, System.Globalization.CultureInfo.InvariantCulture))];
        new Tolerance(2e-3, 2e-3, "two layers in fp16, the default").Check(Numbers(cpu), Numbers(vectors), "vectors");
        new Tolerance(1e-5, 1e-5, "two layers in fp32, in two orders").Check(Numbers(cpu), Numbers(Run("embed", small.In("run"), small.In("corpus.txt"), "--precision", "fp32")), "vectors");
        Assert.NotEqual(vectors, Run("embed", small.In("run"), small.In("corpus.txt"), "--precision", "bf16"));
        Assert.Contains("stsb", Run("eval", small.In("run"), "--data", small.Folder, "--sets", "stsb-dev"), StringComparison.Ordinal);
        Assert.Contains("1.0000", Run("similarity", small.In("run"), "the cat", "a dog"), StringComparison.Ordinal);
    }

    [Fact]
    public void Embed_goes_on_with_smaller_batches_where_memory_is_short()
    {
        Backends.RequireCuda();
        Assert.SkipWhen(File.Exists("/dev/nvidiactl"), "only the software device can be told to fail");
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        string expected = Run("embed", small.In("run"), small.In("corpus.txt"));
        bool goesOn = false;
        // The first allocations are the weights': without them there is nothing to go on with.
        for (int refused = 1; refused <= 12 && !goesOn; refused++)
        {
            (int code, string output, string error) = Tool.Start([new("SOFTCUDA_FAULT", $"cuMemAlloc_v2:{refused}:2")], "embed", small.In("run"), small.In("corpus.txt"), "--device", "cuda");
            Assert.Contains("cuMemAlloc_v2 fails", error, StringComparison.Ordinal);
            goesOn = code == 0;
            if (goesOn) Assert.Equal(expected, output);
            else Assert.Contains("out of device memory", error, StringComparison.Ordinal);
        }
        Assert.True(goesOn);
    }

    [Fact]
    public void The_demo_runs_on_it()
    {
        Backends.RequireCuda();
        using SmallModel small = new();
        Assert.Contains("nearest neighbours", Run("demo", "--steps", "2", "--output", small.In("demo"), "--short"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train", "--device", "cuda", "--precision", "fp16")]
    [InlineData("train", "--device", "cpu", "--precision", "bf16")]
    [InlineData("embed", "--device", "cpu", "--precision", "fp16")]
    public void A_precision_that_the_device_has_not_is_wrong_usage(string command, params string[] arguments)
    {
        Backends.RequireCuda();
        using SmallModel small = new();
        string[] rest = command == "train" ? ["--from-scratch", small.In("config.json"), "--vocabulary", small.Folder, "--data", small.In("corpus.txt"), "--output", small.In("run")] : [small.Folder, small.In("corpus.txt")];
        (int code, _, string error) = Tool.Run("", [command, .. rest, .. arguments]);
        Assert.Equal(2, code);
        Assert.Contains("--precision", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_driver_auto_says_so_and_cuda_is_refused()
    {
        Assert.SkipWhen(File.Exists("/dev/nvidiactl"), "there is a driver here");
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        (int code, _, string error) = Tool.Run("", "similarity", small.In("run"), "a", "b");
        Assert.Equal(0, code);
        Assert.Contains("device: cpu", error, StringComparison.Ordinal);
        Assert.Contains("install NVIDIA's driver", error, StringComparison.Ordinal);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}

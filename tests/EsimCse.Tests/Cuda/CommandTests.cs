using System.Globalization;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>The commands on a CUDA device.</summary>
public class CommandTests
{
    [Fact]
    public void Train_embed_eval_and_similarity_run_on_it()
    {
        Backends.RequireCuda();
        using SmallModel small = new();
        string run = small.In("run");
        string corpus = small.In("corpus.txt");
        string[] evaluation = ["--eval-data", small.Folder, "--eval-every", "2"];
        Run([.. TrainArguments(small), "--max-steps", "3", "--batch-size", "8", .. evaluation]);
        Assert.Equal(3 + 3, File.ReadLines(small.In("run", "metrics.jsonl")).Count());

        string vectors = Run("embed", run, corpus);
        Assert.Equal(45, vectors.Count(c => c == '\n'));
        double[] cpu = Parse(Tool.Run("", "embed", run, corpus, "--device", "cpu").Output);
        new Tolerance(2e-3, 2e-3, "two layers in fp16, the default").Check(cpu, Parse(vectors), "vectors");
        new Tolerance(1e-5, 1e-5, "two layers in fp32, in two orders")
            .Check(cpu, Parse(Run("embed", run, corpus, "--precision", "fp32")), "vectors");
        Assert.NotEqual(vectors, Run("embed", run, corpus, "--precision", "bf16"));
        string scores = Run("eval", run, "--data", small.Folder, "--sets", "stsb-dev");
        Assert.Contains("stsb", scores, StringComparison.Ordinal);
        Assert.Contains("1.0000", Run("similarity", run, "the cat", "a dog"), StringComparison.Ordinal);
    }

    [Fact]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Embed_continues_with_smaller_batches_when_memory_is_short()
    {
        Backends.RequireCuda();
        Assert.SkipWhen(File.Exists("/dev/nvidiactl"), "only the software device can be told to fail");
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        string expected = Run("embed", small.In("run"), small.In("corpus.txt"));
        bool continues = false;
        // The first allocations are the weights': nothing can continue without them.
        for (int refused = 1; refused <= 12 && !continues; refused++)
        {
            (int code, string output, string error) = Tool.Start(
                [new("SOFTCUDA_FAULT", $"cuMemAlloc_v2:{refused}:2")],
                "embed", small.In("run"), small.In("corpus.txt"), "--device", "cuda");
            Assert.Contains("cuMemAlloc_v2 fails", error, StringComparison.Ordinal);
            continues = code == 0;
            if (continues) Assert.Equal(expected, output);
            else Assert.Contains("out of device memory", error, StringComparison.Ordinal);
        }
        Assert.True(continues);
    }

    [Fact]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void The_demo_runs_on_it()
    {
        Backends.RequireCuda();
        using SmallModel small = new();
        string output = Run("demo", "--steps", "2", "--output", small.In("demo"), "--short");
        Assert.Contains("nearest neighbours", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train", "cuda", "fp16")]
    [InlineData("train", "cpu", "bf16")]
    [InlineData("embed", "cpu", "fp16")]
    public void A_precision_that_the_device_lacks_is_wrong_usage(string command, string device, string precision)
    {
        Backends.RequireCuda();
        using SmallModel small = new();
        string[] embedArguments = [command, small.Folder, small.In("corpus.txt")];
        string[] arguments = command == "train" ? TrainArguments(small) : embedArguments;
        (int code, _, string error) = Tool.Run("", [.. arguments, "--device", device, "--precision", precision]);
        Assert.Equal(2, code);
        Assert.Contains("--precision", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Auto_says_which_device_it_took_where_there_is_no_driver()
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

    static string Run(params string[] arguments)
    {
        (int code, string output, string error) = Tool.Run("", [.. arguments, "--device", "cuda"]);
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {code}: {error}");
        return output;
    }

    static string[] TrainArguments(SmallModel small) =>
    [
        "train", "--from-scratch", small.In("config.json"), "--vocabulary", small.Folder,
        "--data", small.In("corpus.txt"), "--output", small.In("run"),
    ];

    static double[] Parse(string vectors) =>
    [
        .. from number in vectors.Split(['[', ']', ',', '\n'], StringSplitOptions.RemoveEmptyEntries)
           select double.Parse(number, CultureInfo.InvariantCulture),
    ];
}

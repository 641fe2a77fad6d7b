using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>Tuning is asked for, is remembered, and is told apart.</summary>
public sealed class TuningTests : IDisposable
{
    const string Variable = "XDG_CACHE_HOME";

    readonly SmallModel _small = new();

    [Fact]
    public void What_was_tuned_is_used_and_a_checkpoint_of_another_table_says_so()
    {
        Backends.RequireCuda();
        (int code, string output, string error) = Tool.Start([new(Variable, _small.In("cache"))], "tune", _small.In("config.json"), "--tokens", "300", "--device", "cuda");
        Assert.True(code == 0, error);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length > 20, output);
        Assert.All(lines[..^1], line => Assert.Contains(" us with algorithm ", line, StringComparison.Ordinal));
        Assert.StartsWith(_small.In("cache", "esimcse", "products-"), lines[^1], StringComparison.Ordinal);
        string[] train = ["train", "--from-scratch", _small.In("config.json"), "--vocabulary", _small.Folder, "--data", _small.In("corpus.txt"), "--output", _small.In("run"), "--max-steps", "3", "--batch-size", "8", "--save-every", "1", "--device", "cuda"];
        Assert.Equal(0, Tool.Start([new(Variable, _small.In("cache"))], train).Code);
        File.Delete(_small.In("run", "model.safetensors"));
        (code, _, error) = Tool.Start([new(Variable, _small.In("elsewhere"))], [.. train, "--resume"]);
        Assert.True(code == 0, error);
        Assert.Contains("tuned differently", error, StringComparison.Ordinal);
        (_, _, error) = Tool.Start([new(Variable, _small.In("cache"))], [.. train, "--resume"]);
        Assert.DoesNotContain("tuned differently", error, StringComparison.Ordinal);
        File.WriteAllText(lines[^1], "{\"no\": 3");
        Assert.Equal(0, Tool.Start([new(Variable, _small.In("cache"))], "similarity", _small.In("run"), "a cat", "a dog", "--device", "cuda").Code);
    }

    [Fact]
    public void Tuning_wants_a_CUDA_device()
    {
        (int code, _, string error) = Tool.Run("", "tune", _small.In("config.json"), "--device", "cpu");
        Assert.Equal(1, code);
        Assert.Contains("CUDA device", error, StringComparison.Ordinal);
    }

    public void Dispose() => _small.Dispose();
}

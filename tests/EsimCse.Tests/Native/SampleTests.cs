using EsimCse.Tests.Support;

namespace EsimCse.Tests.Native;

/// <summary>The samples, run as users run them.</summary>
public class SampleTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    static string Run(string sample, params string[] arguments)
    {
        string[] command = [.. Command($"EsimCse.Samples.{sample}.dll"), .. arguments];
        (int code, string output, string error) = ChildProcess.Run(new(command[0], command[1..]));
        Assert.True(code == 0, error);
        return output;
    }

    /// <summary>
    /// Returns the command that runs a sample in the tests' folder. Some of its packages are not there: the framework
    /// of the tests has them.
    /// </summary>
    static string[] Command(string assembly)
    {
        string[] command = Tool.CommandOf(Path.Combine(AppContext.BaseDirectory, assembly));
        if (command is not ["dotnet", string path]) return command;
        string configuration = Path.Combine(AppContext.BaseDirectory, "EsimCse.Tests.runtimeconfig.json");
        return ["dotnet", "exec", "--runtimeconfig", configuration, path];
    }

    [Fact]
    public void A_container_gives_services_the_encoder()
    {
        string output = Run("DependencyInjection", model.Run, "the cat", "the cat");
        Assert.Contains("similarity 1.0000", output, StringComparison.Ordinal);
        Assert.Contains("info: EsimCseNative", output, StringComparison.Ordinal);
        Assert.Contains("device: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Caching_and_telemetry_of_extensions_AI_work_with_the_encoder()
    {
        string output = Run("ExtensionsAi", model.Run, "the cat", "a dog");
        Assert.Contains("dimensions 16", output, StringComparison.Ordinal);
        Assert.Contains("embedded 2 of 4 sentences", output, StringComparison.Ordinal);
        Assert.Contains("equal True", output, StringComparison.Ordinal);
        Assert.Contains("activities encode, embeddings ", output, StringComparison.Ordinal);
    }
}

using System.ClientModel;
using EsimCse.Tests.Support;
using OpenAI;
using OpenAI.Embeddings;

namespace EsimCse.Tests.Serving;

/// <summary>The commands and the code of the guide to the server run.</summary>
public class ServingGuideTests(ServedSmallModel served) : IClassFixture<ServedSmallModel>
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Commands()
    {
        string[] lines = Guide.Read("EsimCse.Serving").Split('\n');
        string[] commands = [.. lines.Where(line => line.StartsWith("    curl ", StringComparison.Ordinal))];
        Assert.Equal(4, commands.Length);
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        Assert.SkipUnless(folders.Any(folder => File.Exists(Path.Combine(folder, "curl"))), "curl is not installed");
        foreach (string command in commands)
        {
            string address = served.Server.Address.AbsoluteUri;
            string here = command.Replace("http://127.0.0.1:8080/", address, StringComparison.Ordinal);
            (int code, string answer, string error) =
                ChildProcess.Run(new("/bin/sh", ["-c", $"{here} --fail-with-body"]));
            Assert.True(code == 0, $"{command}: {answer}{error}");
        }
    }

    [Fact]
    public void The_command_that_starts_it_is_valid()
    {
        string[] lines = Guide.Read("EsimCse.Serving").Split('\n');
        string command = lines.Single(line => line.StartsWith("    esimcse ", StringComparison.Ordinal));
        string[] words = command.Replace("trained", "./nowhere", StringComparison.Ordinal).Trim().Split(' ')[1..];
        (int code, _, string error) = Tool.Run("", [.. words, "--port", "0", "--device", "cpu"]);
        Assert.True(code == EsimCse.Cli.CommandRunner.BadInput, error);
    }

    [Fact]
    public async Task Code()
    {
        Uri server = served.Server.Address;
        #region guide
        OpenAIClientOptions options = new() { Endpoint = new Uri(server, "v1") };
        EmbeddingClient client = new OpenAIClient(new ApiKeyCredential("none"), options).GetEmbeddingClient("trained");
        OpenAIEmbeddingCollection answer = await client.GenerateEmbeddingsAsync(["the old cat", "a red bird"]);
        float[] vector = answer[0].ToFloats().ToArray();
        #endregion
        Assert.Equal(served.Encoder.Encode("the old cat"), vector);
        Guide.AssertShows("EsimCse.Serving", "Serving", "ServingGuideTests.cs");
    }
}

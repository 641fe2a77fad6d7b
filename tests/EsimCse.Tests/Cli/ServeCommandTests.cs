using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using EsimCse.Cli;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

/// <summary>The command serve as a process.</summary>
public class ServeCommandTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    static readonly string[] Texts = ["the old cat sees a dog.", "", "a bird 🙂", "the red tree near the house."];

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Its_vectors_are_those_of_embed_bit_for_bit()
    {
        string lines = model.In("served-lines.txt");
        string[] texts = [.. Texts.Where(text => text.Length > 0)];
        await File.WriteAllLinesAsync(lines, texts, Stop);
        (int code, string output, string error) =
            Tool.Run("", "embed", model.Run, lines, "--output", "-", "--device", "cpu");
        Assert.True(code == CommandRunner.Done, error);
        using Process process = Start();
        using HttpClient client = new() { BaseAddress = await Tool.ReadAddress(process) };
        using HttpResponseMessage response = await Post(client, texts);
        JsonElement answer = JsonElement.Parse(await response.Content.ReadAsStringAsync(Stop));
        Assert.Equal(output.TrimEnd().Split('\n'), answer.EnumerateArray().Select(vector => vector.GetRawText()));
        Assert.Equal(CommandRunner.Done, await Terminate(process));
    }

    [Fact]
    public async Task SIGTERM_under_load_loses_no_accepted_request()
    {
        using Process process = Start();
        using HttpClient client = new() { BaseAddress = await Tool.ReadAddress(process), Timeout = TestServer.Limit };
        string expected = await (await Post(client, Texts)).Content.ReadAsStringAsync(Stop);
        int answered = 0;
        Task[] clients = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(Ask, Stop))];
        await Tool.WaitUntil(process, () => Volatile.Read(ref answered) > 200, "200 answers");
        Assert.Equal(CommandRunner.Done, await Terminate(process));
        await Task.WhenAll(clients).WaitAsync(TestServer.Limit, Stop);

        async Task Ask()
        {
            while (true)
            {
                HttpResponseMessage response;
                try
                {
                    response = await Post(client, Texts);
                }
                catch (HttpRequestException error) when (IsNoAnswer(error))
                {
                    // The server did not accept the connection, or the request on an idle one, any more.
                    return;
                }
                using (response)
                {
                    if (response.StatusCode == HttpStatusCode.ServiceUnavailable) return;
                    // An accepted request has its whole answer: a body that ends early throws.
                    Assert.Equal(expected, await response.Content.ReadAsStringAsync(Stop));
                    Interlocked.Increment(ref answered);
                }
            }
        }

        static bool IsNoAnswer(HttpRequestException error) => error.StatusCode is null;
    }

    [Fact]
    public async Task A_port_in_use_ends_with_code_1_and_one_line()
    {
        using Process process = Start();
        Uri address = await Tool.ReadAddress(process);
        (int code, _, string error) = Tool.Run("", "serve", model.Run, "--port", $"{address.Port}", "--device", "cpu");
        Assert.Equal(CommandRunner.Failed, code);
        Assert.Contains("address already in use", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        await Terminate(process);
    }

    [Fact]
    public async Task The_key_comes_from_the_option_or_the_variable()
    {
        using Process process = Start("--api-key", "secret");
        using HttpClient client = new() { BaseAddress = await Tool.ReadAddress(process) };
        Assert.Equal(HttpStatusCode.Unauthorized, (await Post(client, Texts)).StatusCode);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "secret");
        Assert.Equal(HttpStatusCode.OK, (await Post(client, Texts)).StatusCode);
        await Terminate(process);
    }

    [Theory]
    [InlineData(CommandRunner.Usage, "--port: found 65536, expected 0 … 65535", "--port", "65536")]
    [InlineData(CommandRunner.Usage, "--host: found nowhere, expected an IP address or localhost", "--host", "nowhere")]
    [InlineData(CommandRunner.Usage, "--max-queue: found 0, expected", "--max-queue", "0")]
    [InlineData(CommandRunner.Usage, "--api-key: found nothing, expected a key", "--api-key", " ")]
    public void Wrong_options_end_with_one_line(int expected, string message, params string[] options)
    {
        (int code, _, string error) = Tool.Run("", ["serve", model.Run, "--device", "cpu", .. options]);
        Assert.Equal(expected, code);
        Assert.Contains(message, error.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_or_an_index_that_is_missing_ends_with_code_3()
    {
        (int code, _, string error) = Tool.Run("", "serve", "./nowhere", "--port", "0", "--device", "cpu");
        Assert.Equal(CommandRunner.BadInput, code);
        Assert.Contains("./nowhere: no such folder", error, StringComparison.Ordinal);
        (code, _, error) = Tool.Run("", "serve", model.Run, "--index", "nowhere", "--port", "0", "--device", "cpu");
        Assert.Equal(CommandRunner.BadInput, code);
        Assert.Contains("nowhere: no such folder, expected an index", error, StringComparison.Ordinal);
    }

    ChildProcess Start(params string[] options) =>
        Tool.Start(["serve", model.Run, "--port", "0", "--device", "cpu", .. options]);

    static Task<HttpResponseMessage> Post(HttpClient client, string[] texts)
    {
        string json = $$"""{"inputs":{{JsonSerializer.Serialize(texts)}}}""";
        return client.PostAsync("embed", new StringContent(json, new MediaTypeHeaderValue("application/json")), Stop);
    }

    static async Task<int> Terminate(Process process)
    {
        using Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        return await Tool.WaitForExit(process, "SIGTERM");
    }
}

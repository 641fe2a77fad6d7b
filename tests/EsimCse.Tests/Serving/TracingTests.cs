using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Serving;

/// <summary>The traces of the tool's server, sent to a collector.</summary>
public class TracingTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_and_what_the_encoder_does_are_sent_to_the_collector()
    {
        using HttpListener collector = StartCollector(out string endpoint);
        string[] variables = [$"OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"];
        string[] command = [.. Tool.Command, "serve", model.Run, "--port", "0", "--device", "cpu"];
        using Process process = Tool.Start("/usr/bin/env", [.. variables, .. command]);
        using HttpClient client = new() { BaseAddress = await Tool.ReadAddress(process), Timeout = TestServer.Limit };
        using StringContent body = new("""{"inputs":"the cat"}""", new MediaTypeHeaderValue("application/json"));
        using HttpResponseMessage response = await client.PostAsync("embed", body, Stop);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        HttpListenerContext sent = await collector.GetContextAsync().WaitAsync(TestServer.Limit, Stop);
        Assert.Equal("/v1/traces", sent.Request.Url!.AbsolutePath);
        using MemoryStream content = new();
        await sent.Request.InputStream.CopyToAsync(content, Stop);
        sent.Response.Close();
        string text = Encoding.Latin1.GetString(content.ToArray());
        foreach (string expected in new[] { "POST /embed", "encode", "esimcse.sentences", "cpu, " })
            Assert.Contains(expected, text, StringComparison.Ordinal);
        process.Kill();
    }

    /// <summary>Starts to listen on a free port.</summary>
    static HttpListener StartCollector(out string endpoint)
    {
        while (true)
        {
            HttpListener listener = new();
            endpoint = $"http://127.0.0.1:{Random.Shared.Next(20_000, 60_000)}/";
            listener.Prefixes.Add(endpoint);
            try
            {
                listener.Start();
                return listener;
            }
            catch (HttpListenerException)
            {
                // The port is in use.
            }
        }
    }
}

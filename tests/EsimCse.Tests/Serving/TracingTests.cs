using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Serving;

/// <summary>The traces of the tool's server, sent to a collector.</summary>
public class TracingTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_and_what_the_encoder_does_are_sent_to_the_collector()
    {
        using LocalServer collector = new(_ => new LocalAnswer(200));
        string[] variables =
            [$"OTEL_EXPORTER_OTLP_ENDPOINT={collector.Address}", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"];
        string[] command = [.. Tool.Command, "serve", model.Run, "--port", "0", "--device", "cpu"];
        using Process process = Tool.Start("/usr/bin/env", [.. variables, .. command]);
        using HttpClient client = new() { BaseAddress = await Tool.ReadAddress(process), Timeout = TestServer.Limit };
        using StringContent body = new("""{"inputs":"the cat"}""", new MediaTypeHeaderValue("application/json"));
        using HttpResponseMessage response = await client.PostAsync("embed", body, Stop);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        await Tool.WaitUntil(process, () => !collector.Requests.IsEmpty, "its traces");
        LocalRequest sent = collector.Requests.First();
        Assert.Equal("/v1/traces", sent.Path);
        foreach (string expected in new[] { "POST /embed", "encode", "esimcse.sentences", "cpu, " })
            Assert.Contains(expected, sent.Body, StringComparison.Ordinal);
    }
}

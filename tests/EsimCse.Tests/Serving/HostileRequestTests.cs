using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Serving;

/// <summary>Ten thousand generated requests: valid ones that were changed, in JSON and in the bytes of HTTP.</summary>
[Trait(TestCategory.Name, TestCategory.Exhaustive)]
public partial class HostileRequestTests(ServedSmallModel served) : IClassFixture<ServedSmallModel>
{
    const int Bodies = 8000, Heads = 2000, Clients = 8;

    static readonly (string Path, string Json)[] Valid =
    [
        ("/v1/embeddings", """{"input":["the cat",""],"model":"m","encoding_format":"float","dimensions":5}"""),
        ("/v1/embeddings", """{"input":[[2,5,6,3],[2,3]],"encoding_format":"base64","user":"u"}"""),
        ("/embed", """{"inputs":["the cat","a dog"],"normalize":true,"truncate":false,"prompt_name":null}"""),
        ("/similarity", """{"inputs":{"source_sentence":"a cat","sentences":["a dog","the bird"]}}"""),
        ("/tokenize", """{"inputs":["the cat","🙂"]}"""),
        ("/search", """{"query":["the cat"],"top":3,"threshold":0.5}"""),
    ];

    static readonly string[] Pieces =
    [
        "null", "true", "-1", "1e999", "1.5", "99999999999999999999", "\"\"", "[]", "{}", "[[]]", "[[[[", "]", "}", "{",
        "\"", ",", ":", "\\", "\\u0000", "\\ud800", "\0", "\ufeff", "\u00ff", "NaN", "\"input\":", "\"inputs\":", "🙂",
    ];

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Changed_bodies_are_answered_with_200_or_a_4xx_in_JSON()
    {
        int[] statuses = new int[600];
        await Parallel.ForEachAsync(Enumerable.Range(0, Bodies), Options(), async (seed, stop) =>
        {
            Random random = new(seed);
            (string path, string json) = Valid[random.Next(Valid.Length)];
            using ByteArrayContent content = new(Change(Encoding.UTF8.GetBytes(json), random));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using HttpResponseMessage response = await served.Server.Client.PostAsync(path, content, stop);
            string answer = await response.Content.ReadAsStringAsync(stop);
            int status = (int)response.StatusCode;
            Assert.True(status is 200 or 400 or 413 or 422, $"seed {seed}: {status} {answer}");
            JsonElement parsed = JsonElement.Parse(answer);
            if (status != 200) Assert.True(parsed.TryGetProperty("error", out _), $"seed {seed}: {answer}");
            Interlocked.Increment(ref statuses[status]);
        });
        Assert.True(statuses[200] > Bodies / 100, $"{statuses[200]} of the changed requests were still valid");
        Assert.True(statuses[400] > Bodies / 2, $"{statuses[400]} were malformed");
        await AssertUnharmed();
    }

    [Fact]
    public async Task Changed_bytes_of_HTTP_are_answered_or_cut_off()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, Heads), Options(), async (seed, stop) =>
        {
            Random random = new(seed);
            (string path, string json) = Valid[random.Next(Valid.Length)];
            string head = $"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" +
                $"Content-Length: {Encoding.UTF8.GetByteCount(json)}\r\nConnection: close\r\n\r\n";
            byte[] changed = [.. Change(Encoding.UTF8.GetBytes(head), random), .. Encoding.UTF8.GetBytes(json)];
            string answer = await Exchange(changed, stop);
            Assert.True(answer.Length == 0 || Expected().IsMatch(answer), $"seed {seed}: {answer}");
        });
        await AssertUnharmed();
    }

    /// <summary>Matches answers; status 505 is for another version of HTTP.</summary>
    [GeneratedRegex("^HTTP/1.1 (200|4..|505) ")]
    private static partial Regex Expected();

    static ParallelOptions Options() => new() { MaxDegreeOfParallelism = Clients, CancellationToken = Stop };

    /// <summary>Inserts, removes, repeats and replaces some bytes.</summary>
    static byte[] Change(byte[] bytes, Random random)
    {
        List<byte> changed = [.. bytes];
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            int at = random.Next(changed.Count + 1);
            int count = Math.Min(random.Next(1, 12), changed.Count - at);
            switch (random.Next(5))
            {
                case 0:
                    changed.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
                    break;
                case 1:
                    changed.RemoveRange(at, count);
                    break;
                case 2:
                    changed.InsertRange(at, changed.GetRange(at, count));
                    break;
                case 3 when count > 0:
                    changed[at] = (byte)random.Next(256);
                    break;
                default:
                    changed.RemoveRange(at, changed.Count - at);
                    break;
            }
            if (changed.Count == 0) break;
        }
        return [.. changed];
    }

    /// <summary>Sends bytes and then nothing more; returns the answer, or nothing where there is none.</summary>
    async Task<string> Exchange(byte[] bytes, CancellationToken stop)
    {
        using TcpClient client = new();
        await client.ConnectAsync(served.Server.Address.Host, served.Server.Address.Port, stop);
        using StreamReader reader = new(client.GetStream());
        try
        {
            await client.GetStream().WriteAsync(bytes, stop);
            client.Client.Shutdown(SocketShutdown.Send);
            return await reader.ReadToEndAsync(stop).WaitAsync(TestServer.Limit, stop);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            return "";
        }
    }

    /// <summary>Requires that the server answers as before, with nothing left over and no error of its own.</summary>
    async Task AssertUnharmed()
    {
        const string text = "the old cat sees a dog.";
        JsonElement answer = await served.Server.AskAsync("embed", $$"""{"inputs":"{{text}}"}""");
        Assert.Equal(served.Encoder.Encode(text), TestServer.Floats(answer[0]));
        Assert.Equal(HttpStatusCode.OK, (await served.Server.Client.GetAsync("health", Stop)).StatusCode);
        Assert.Empty(served.Server.Logger.Messages);
        Assert.Equal(0, served.Server.Model.Admission.Inputs);
    }
}

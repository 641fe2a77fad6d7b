using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Serving;

/// <summary>The page, used with mouse and keyboard in a browser.</summary>
public class PageTests(ServedPage served) : IClassFixture<ServedPage>
{
    const string CompareButton = "#similarity-form button";
    const string SearchButton = "#search-form button";
    const string Scores = "[...document.querySelectorAll('#matrix td.heat')].map(cell => cell.title)";
    const string IsCompared = "!document.querySelector('#similarity-result').hidden";
    const string IsFound = "document.querySelector('#found').children.length";

    static readonly string[] Sentences = ["the old cat sees a dog.", "a red bird", ServedPage.Html, "שלום bird"];

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_matrix_has_the_similarities_of_the_encoder()
    {
        await using BrowserPage page = await served.OpenAsync();
        await CompareAsync(page, string.Join("\n\n ", Sentences));
        Assert.Equal(Matrix(served.Encoder, Sentences), await ScoresAsync(page));
        foreach (string scope in new[] { "col", "row" })
        {
            string headers = $"[...document.querySelectorAll('th[scope={scope}]')]";
            Assert.Equal(Sentences, await page.TextsAsync($"{headers}.map(header => header.textContent)"));
            Assert.Equal(Sentences, await page.TextsAsync($"{headers}.map(header => header.title)"));
        }
        string status = await page.TextAsync("document.querySelector('#similarity-status').textContent");
        Assert.Equal("Similarity (cosine) of 4 sentences", status);
        await AssertNothingElseAsync(page, served.Server.Address);
    }

    [Theory]
    [InlineData("dot")]
    [InlineData("euclidean")]
    [InlineData("manhattan")]
    public async Task Sentences_are_compared_by_the_function_of_the_model(string function)
    {
        using SavedModel model = new();
        model.Replace("config_sentence_transformers.json", "\"cosine\"", $"\"{function}\"");
        await using TestServer server = await TestServer.StartAsync(model.Folder);
        await using BrowserPage page = await served.OpenAsync(server.Address);
        await CompareAsync(page, string.Join('\n', Sentences));
        using SentenceEncoder encoder = OnCpu.Load(model.Folder);
        Assert.Equal(Matrix(encoder, Sentences), await ScoresAsync(page));
        Assert.True((await page.EvaluateAsync("document.querySelector('#search-section').hidden")).GetBoolean());
        await AssertNothingElseAsync(page, server.Address);
    }

    [Fact]
    public async Task The_page_is_used_by_keyboard_alone()
    {
        await using BrowserPage page = await served.OpenAsync();
        await TabToAsync(page, "sentences");
        await page.TypeAsync("a cat\na dog");
        await page.PressTabAsync();
        await page.PressEnterAsync();
        await page.WaitForAsync(IsCompared);
        await page.WaitForAsync($"document.activeElement === document.querySelector('{CompareButton}')");
        await page.PressTabAsync();
        await page.WaitForAsync("document.activeElement.className === 'scroll'");
        await TabToAsync(page, "query");
        await page.TypeAsync("the old house");
        await page.PressTabAsync();
        await page.TypeAsync("3");
        await page.PressEnterAsync();
        await page.WaitForAsync(IsFound);
        await AssertFoundAsync(page, "the old house", top: 3);
        Assert.Equal("solid", await page.TextAsync("getComputedStyle(document.activeElement).outlineStyle"));
        await AssertNothingElseAsync(page, served.Server.Address);
    }

    [Fact]
    public async Task Search_shows_the_rows_of_the_index()
    {
        await using BrowserPage page = await served.OpenAsync();
        await page.FillAsync("#query", "a dog sees <i>the</i> tree");
        await page.FillAsync("#top", "1000");
        await page.ClickAsync(SearchButton);
        await page.WaitForAsync(IsFound);
        await AssertFoundAsync(page, "a dog sees <i>the</i> tree", top: 1000);
        string status = await page.TextAsync("document.querySelector('#search-status').textContent");
        Assert.Equal("8 of 8 rows, nearest to “a dog sees <i>the</i> tree”", status);
        await AssertNothingElseAsync(page, served.Server.Address);
    }

    [Fact]
    public async Task The_button_says_that_it_waits_and_sends_nothing_twice()
    {
        await using BrowserPage page = await served.OpenAsync();
        await page.HoldAsync("/embed");
        await page.ClickAsync(CompareButton);
        await page.WaitForHeldAsync();
        Assert.Equal("Comparing…", await page.TextAsync($"document.querySelector('{CompareButton}').textContent"));
        await page.ClickAsync(CompareButton);
        await page.PressEnterAsync();
        await page.ReleaseAsync();
        await page.WaitForAsync(IsCompared);
        await page.WaitForAsync($"document.querySelector('{CompareButton}').textContent === 'Compare'");
        Assert.Single(page.Requests, request => request.AbsolutePath == "/embed");
    }

    [Fact]
    public async Task The_policy_refuses_foreign_content()
    {
        await using BrowserPage page = await served.OpenAsync();
        foreach (string attempt in new[]
        {
            "fetch('http://example.invalid/')",
            "document.body.append(Object.assign(new Image(), { src: 'http://example.invalid/a.png' }))",
            "document.body.setAttribute('style', 'color: red')",
            "document.body.innerHTML = '<b>text</b>'",
        })
        {
            int before = page.Errors.Count();
            await page.EvaluateAsync($"(async () => {{ {attempt} }})().catch(() => null)");
            await BrowserPage.WaitForAsync(
                () => page.Errors.Skip(before).Any(IsViolation), $"a violation of the policy by {attempt}");
        }
        Assert.Equal(0, (await page.EvaluateAsync("document.querySelectorAll('b').length")).GetInt32());

        static bool IsViolation(string error) =>
            error.Contains("Content Security Policy", StringComparison.Ordinal) ||
            error.Contains("TrustedHTML", StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_states_its_policy_and_every_answer_its_type()
    {
        using HttpClient client = new() { BaseAddress = served.Server.Address };
        using HttpResponseMessage page = await client.GetAsync("", Stop);
        HttpResponseHeaders headers = page.Headers;
        string policy = Assert.Single(headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; script-src 'sha256-", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal("no-referrer", Assert.Single(headers.GetValues("Referrer-Policy")));
        Assert.True(headers.CacheControl!.NoCache);
        foreach (string path in new[] { "", "info", "nothing", "metrics", "openapi/v1.json" })
        {
            using HttpResponseMessage answer = await client.GetAsync(path, Stop);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        }
    }

    static double[] Matrix(SentenceEncoder encoder, string[] sentences) =>
        [.. from first in sentences from second in sentences select encoder.Similarity(first, second)];

    static async Task CompareAsync(BrowserPage page, string text)
    {
        await page.FillAsync("#sentences", text);
        await page.ClickAsync(CompareButton);
        await page.WaitForAsync(IsCompared);
    }

    static async Task<double[]> ScoresAsync(BrowserPage page) =>
        [.. (await page.TextsAsync(Scores)).Select(text => double.Parse(text, CultureInfo.InvariantCulture))];

    static async Task TabToAsync(BrowserPage page, string id)
    {
        const int elements = 20;
        for (int i = 0; i < elements; i++)
        {
            await page.PressTabAsync();
            if (await page.TextAsync("document.activeElement.id") == id) return;
        }
        Assert.Fail($"#{id} is not reached by the tabulator");
    }

    async Task AssertFoundAsync(BrowserPage page, string query, int top)
    {
        string[] found = await page.TextsAsync(
            "[...document.querySelectorAll('#found li > div')].map(line => [...line.children])" +
            ".map(([score, text, row]) => [score.title, row.textContent, text.textContent].join('|'))");
        float[] vector = served.Encoder.Encode(query);
        IEnumerable<string> expected = served.Index.Search(vector, top, cancellation: Stop)
            .Select(result => $"{JsonSerializer.Serialize(result.Score)}|row {result.Row}|{result.Text}");
        Assert.Equal(expected, found);
    }

    static async Task AssertNothingElseAsync(BrowserPage page, Uri server)
    {
        Assert.Empty(page.Errors);
        string[] origins = [.. page.Requests.Select(request => request.Authority).Where(name => name.Length > 0)];
        Assert.NotEmpty(origins);
        Assert.All(origins, origin => Assert.Equal(server.Authority, origin));
        Assert.Equal(0, (await page.EvaluateAsync("document.images.length")).GetInt32());
    }
}

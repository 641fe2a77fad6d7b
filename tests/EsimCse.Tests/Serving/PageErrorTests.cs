using EsimCse.Serving;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Serving;

/// <summary>The page where the server refuses or does not answer: an error is a sentence.</summary>
public class PageErrorTests(ServedPage served) : IClassFixture<ServedPage>
{
    const string CompareButton = "#similarity-form button";
    const string CompareError = "document.querySelector('#similarity-form [role=alert]').textContent";
    const string IsLoaded = "document.querySelector('#facts').children.length";

    [Fact]
    public async Task A_refusal_is_shown_and_goes_with_the_next_try()
    {
        await using TestServer server = await served.StartServerAsync(new ServerOptions { MaxInputs = 3 });
        await using BrowserPage page = await served.OpenAsync(server.Address);
        await page.ClickAsync(CompareButton);
        await AssertErrorAsync(page, "The server refused this: inputs: found 4 inputs, expected at most 3.");
        await page.FillAsync("#sentences", "a cat\na dog");
        await page.ClickAsync(CompareButton);
        await page.WaitForAsync("!document.querySelector('#similarity-result').hidden");
        Assert.Equal("", await page.TextAsync(CompareError));
    }

    [Theory]
    [InlineData(0, "There is no sentence to compare.")]
    [InlineData(51, "These are 51 sentences. This page compares at most 50.")]
    public async Task Too_few_and_too_many_sentences_are_refused_by_the_page(int count, string expected)
    {
        await using BrowserPage page = await served.OpenAsync();
        await page.FillAsync("#sentences", " \n" + string.Concat(Enumerable.Repeat("a cat\n", count)));
        await page.ClickAsync(CompareButton);
        await AssertErrorAsync(page, expected);
        Assert.Empty(page.Errors);
    }

    [Fact]
    public async Task A_server_that_has_ended_is_named()
    {
        await using TestServer server = await served.StartServerAsync(new ServerOptions());
        await using BrowserPage page = await served.OpenAsync(server.Address);
        await page.WaitForAsync(IsLoaded);
        server.Stop();
        await server.Run.WaitAsync(TestServer.Limit, TestContext.Current.CancellationToken);
        await page.ClickAsync(CompareButton);
        await AssertErrorAsync(page, "The server does not answer. Is it still running?");
    }

    [Fact]
    public async Task A_server_that_starts_is_waited_for()
    {
        using CancellationTokenSource stop = new();
        TaskCompletionSource<Uri> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using ManualResetEventSlim mayLoad = new();
        ServerOptions options = new() { Port = 0 };
        await using EmbeddingServer server = new(options, new ListLogger());
        Task run = server.RunAsync(Load, _ => { }, stop.Token);
        BrowserPage page = await served.OpenAsync(await listening.Task.WaitAsync(TestServer.Limit));
        const string error = "document.querySelector('#model-error').textContent";
        await page.WaitForAsync($"{error} === 'The server is starting. Try again in 1 second.'");
        mayLoad.Set();
        await page.WaitForAsync(IsLoaded);
        Assert.Equal("", await page.TextAsync(error));
        await page.DisposeAsync();
        await stop.CancelAsync();
        await run.WaitAsync(TestServer.Limit);

        ServedModel Load()
        {
            listening.SetResult(new Uri(server.Address));
            mayLoad.Wait(TestServer.Limit);
            return new ServedModel(OnCpu.Load(served.Folder), index: null, options);
        }
    }

    [Fact]
    public async Task A_key_is_asked_for_where_the_server_has_one()
    {
        const string key = "schlüssel ключ 🔑";
        await using TestServer server = await served.StartServerAsync(new ServerOptions { ApiKey = key });
        await using BrowserPage page = await served.OpenAsync(server.Address);
        await page.WaitForAsync("document.activeElement.id === 'key'");
        const string error = "document.querySelector('#model-error').textContent";
        Assert.Equal("The server asks for its key.", await page.TextAsync(error));
        await page.TypeAsync("another");
        await page.PressEnterAsync();
        await page.WaitForAsync(
            "document.querySelector('#key-form [role=alert]').textContent === 'The server does not accept this key.'");
        await page.FillAsync("#key", key);
        await page.PressEnterAsync();
        await page.WaitForAsync("document.querySelector('#key-section').hidden");
        await page.ClickAsync(CompareButton);
        await page.WaitForAsync("!document.querySelector('#similarity-result').hidden");
        Assert.Equal(0, (await page.EvaluateAsync("localStorage.length + sessionStorage.length")).GetInt32());
    }

    [Theory]
    [InlineData(429, "7", "{\"error\":\"9 inputs are waiting\"}", "The server is busy. Try again in 7 seconds.")]
    [InlineData(503, "1", "{\"error\":\"the server is draining\"}", "The server is draining. Try again in 1 second.")]
    [InlineData(502, "", "<html>Bad gateway", "The server answered with status 502.")]
    [InlineData(500, "", "{\"detail\":1}", "The server answered with status 500.")]
    [InlineData(200, "", "[[0.1", "The server's answer broke off. Please try again.")]
    [InlineData(200, "", "{}", "The page does not understand the server's answer.")]
    public async Task Other_answers_are_sentences(int status, string retryAfter, string body, string expected)
    {
        await using BrowserPage page = await served.OpenAsync();
        await page.HoldAsync("/embed");
        await page.ClickAsync(CompareButton);
        await page.AnswerHeldAsync(status, ("Retry-After", retryAfter), body);
        await AssertErrorAsync(page, expected);
    }

    static async Task AssertErrorAsync(BrowserPage page, string expected)
    {
        await page.WaitForAsync($"{CompareError} && !document.querySelector('[aria-disabled=true]')");
        Assert.Equal(expected, await page.TextAsync(CompareError));
        Assert.Equal("Compare", await page.TextAsync($"document.querySelector('{CompareButton}').textContent"));
    }
}

using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace EsimCse.Tests.Support;

/// <summary>A page in a browser, with mouse and keyboard. Elements are named by CSS selectors.</summary>
/// <param name="tools">The connection to the page, which is then this object's.</param>
sealed class BrowserPage(DevTools tools) : IAsyncDisposable
{
    /// <summary>The time between two looks at a condition.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>The addresses that the page asked for.</summary>
    public IEnumerable<Uri> Requests =>
        from sent in Events("Network.requestWillBeSent")
        select new Uri(sent.GetProperty("request").GetProperty("url").GetString()!);

    /// <summary>Errors of the script, and errors and warnings that the console shows.</summary>
    public IEnumerable<string> Errors =>
    [
        .. Events("Runtime.exceptionThrown").Select(e => $"{e.GetProperty("exceptionDetails")}"),
        .. Events("Runtime.consoleAPICalled").Select(e => $"{e.GetProperty("args")}"),
        .. Events("Log.entryAdded").Select(e => $"{e.GetProperty("entry").GetProperty("text")}"),
    ];

    /// <summary>Opens an address and waits until the page is loaded.</summary>
    public async Task OpenAsync(Uri address, int width, int height)
    {
        foreach (string domain in new[] { "Page", "Runtime", "Log", "Network" })
            await tools.CallAsync($"{domain}.enable");
        await ResizeAsync(width, height);
        await tools.CallAsync("Page.navigate", new { url = address.AbsoluteUri });
        await WaitForAsync("location.protocol !== 'about:' && document.readyState === 'complete'");
    }

    /// <summary>Sets the size of the page in pixels.</summary>
    public Task ResizeAsync(int width, int height) =>
        tools.CallAsync(
            "Emulation.setDeviceMetricsOverride", new { width, height, deviceScaleFactor = 1, mobile = false });

    /// <summary>Sets a preference of the reader, such as <c>prefers-color-scheme</c>.</summary>
    public Task PreferAsync(string name, string value) =>
        tools.CallAsync("Emulation.setEmulatedMedia", new { features = new[] { new { name, value } } });

    /// <summary>Evaluates an expression of JavaScript, a promise's result included.</summary>
    public async Task<JsonElement> EvaluateAsync(string expression)
    {
        JsonElement answer = await tools.CallAsync(
            "Runtime.evaluate", new { expression, returnByValue = true, awaitPromise = true });
        if (answer.TryGetProperty("exceptionDetails", out JsonElement error)) Assert.Fail($"{expression}: {error}");
        return answer.GetProperty("result").TryGetProperty("value", out JsonElement value) ? value : default;
    }

    /// <summary>Evaluates an expression whose value is a string.</summary>
    public async Task<string> TextAsync(string expression) => (await EvaluateAsync(expression)).GetString()!;

    /// <summary>Evaluates an expression whose value is a list of strings.</summary>
    public async Task<string[]> TextsAsync(string expression) =>
        [.. (await EvaluateAsync(expression)).EnumerateArray().Select(text => text.GetString()!)];

    /// <summary>Waits until an expression is true, and fails where the limit is reached.</summary>
    public async Task WaitForAsync(string expression)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while ((await EvaluateAsync($"!!({expression})")).ValueKind != JsonValueKind.True)
        {
            if (clock.Elapsed > Browser.Limit)
            {
                string text = await TextAsync("document.body.innerText");
                string errors = string.Join("; ", Errors);
                Assert.Fail($"waited {Browser.Limit} for {expression}; {errors}; the page is {text}");
            }
            await Task.Delay(Pause);
        }
    }

    /// <summary>Waits until a condition holds, and fails where the limit is reached.</summary>
    public static async Task WaitForAsync(Func<bool> condition, string expected)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < Browser.Limit, $"waited {Browser.Limit} for {expected}");
            await Task.Delay(Pause);
        }
    }

    /// <summary>Clicks the middle of an element, which nothing must cover.</summary>
    public async Task ClickAsync(string selector)
    {
        JsonElement place = await EvaluateAsync($$"""
            (() => {
              const element = document.querySelector({{JsonSerializer.Serialize(selector)}});
              element.scrollIntoView({ block: "center", behavior: "instant" });
              const box = element.getBoundingClientRect();
              const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
              return { x, y, isFree: element.contains(document.elementFromPoint(x, y)) };
            })()
            """);
        Assert.True(place.GetProperty("isFree").GetBoolean(), $"{selector} cannot be clicked");
        double x = place.GetProperty("x").GetDouble();
        double y = place.GetProperty("y").GetDouble();
        foreach (string type in new[] { "mousePressed", "mouseReleased" })
            await tools.CallAsync("Input.dispatchMouseEvent", new { type, x, y, button = "left", clickCount = 1 });
    }

    /// <summary>Replaces the text of the element that has the focus.</summary>
    public async Task TypeAsync(string text)
    {
        await PressAsync("a", 'A', commands: ["selectAll"]);
        await tools.CallAsync("Input.insertText", new { text });
    }

    /// <summary>Clicks an element and replaces its text.</summary>
    public async Task FillAsync(string selector, string text)
    {
        await ClickAsync(selector);
        await TypeAsync(text);
    }

    /// <summary>Presses the tabulator.</summary>
    public Task PressTabAsync() => PressAsync("Tab", 9);

    /// <summary>Presses Enter.</summary>
    public Task PressEnterAsync() => PressAsync("Enter", 13, text: "\r");

    /// <summary>Returns the page as PNG.</summary>
    public async Task<byte[]> CaptureAsync()
    {
        JsonElement answer = await tools.CallAsync("Page.captureScreenshot", new { format = "png" });
        return answer.GetProperty("data").GetBytesFromBase64();
    }

    /// <summary>Holds the requests to a path back until <see cref="ReleaseAsync"/>.</summary>
    public Task HoldAsync(string path) =>
        tools.CallAsync("Fetch.enable", new { patterns = new[] { new { urlPattern = "*" + path } } });

    /// <summary>Waits for a request that is held back.</summary>
    public Task WaitForHeldAsync() => WaitForAsync(() => Events("Fetch.requestPaused").Any(), "a request");

    /// <summary>Waits for a request that is held back and answers it in place of the server.</summary>
    public async Task AnswerHeldAsync(int status, (string Name, string Value) header, string body)
    {
        await WaitForHeldAsync();
        await tools.CallAsync("Fetch.fulfillRequest", new
        {
            requestId = Events("Fetch.requestPaused").Last().GetProperty("requestId").GetString(),
            responseCode = status,
            responseHeaders = new[] { new { name = header.Name, value = header.Value } },
            body = Convert.ToBase64String(Encoding.UTF8.GetBytes(body)),
        });
    }

    /// <summary>Sends the requests that are held back.</summary>
    public Task ReleaseAsync() => tools.CallAsync("Fetch.disable");

    public async ValueTask DisposeAsync()
    {
        await tools.CallAsync("Page.close");
        await tools.DisposeAsync();
    }

    IEnumerable<JsonElement> Events(string method) =>
        tools.Events.Where(e => e.Method == method).Select(e => e.Parameters);

    async Task PressAsync(string key, int code, string text = "", string[]? commands = null)
    {
        string type = text.Length > 0 ? "keyDown" : "rawKeyDown";
        commands ??= [];
        await tools.CallAsync(
            "Input.dispatchKeyEvent", new { type, key, code = key, windowsVirtualKeyCode = code, text, commands });
        await tools.CallAsync(
            "Input.dispatchKeyEvent", new { type = "keyUp", key, code = key, windowsVirtualKeyCode = code });
    }
}

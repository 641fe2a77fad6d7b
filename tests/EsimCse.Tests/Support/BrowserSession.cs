using System.Diagnostics;

namespace EsimCse.Tests.Support;

/// <summary>A browser whose pages are used as by a person.</summary>
sealed class BrowserSession : IAsyncDisposable
{
    const string AddressPrefix = "DevTools listening on ";

    readonly string _profile = Browser.CreateProfile();
    readonly ChildProcess _process;
    DevTools? _tools;
    Uri _address = null!;

    BrowserSession()
    {
        _process = Browser.Start(_profile, "--remote-debugging-port=0", "about:blank");
    }

    /// <summary>Starts a browser. Where none is installed the test is skipped.</summary>
    public static async Task<BrowserSession> StartAsync()
    {
        BrowserSession session = new();
        try
        {
            session._address = await session.ReadAddressAsync().WaitAsync(Browser.Limit);
            session._tools = await DevTools.ConnectAsync(session._address);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a page and waits until it is loaded.</summary>
    /// <param name="address">The address.</param>
    /// <param name="width">Pixels of the page.</param>
    /// <param name="height">Pixels of the page.</param>
    public async Task<BrowserPage> OpenAsync(Uri address, int width = 1200, int height = 900)
    {
        var target = await _tools!.CallAsync("Target.createTarget", new { url = "about:blank" });
        string id = target.GetProperty("targetId").GetString()!;
        DevTools tools = await DevTools.ConnectAsync(new Uri(_address, $"/devtools/page/{id}"));
        BrowserPage page = new(tools);
        await page.OpenAsync(address, width, height);
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_tools is null) return;
            await _tools.CallAsync("Browser.close");
            await _tools.DisposeAsync();
            _process.WaitForExit(Browser.Limit);
        }
        finally
        {
            _process.Dispose();
            await DeleteProfileAsync();
        }
    }

    async Task<Uri> ReadAddressAsync()
    {
        _ = _process.StandardOutput.ReadToEndAsync();
        List<string> log = [];
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            log.Add(line);
            if (!line.StartsWith(AddressPrefix, StringComparison.Ordinal)) continue;
            // A browser whose log is not read stops.
            _ = _process.StandardError.ReadToEndAsync();
            return new Uri(line[AddressPrefix.Length..]);
        }
        Assert.Fail($"the browser ended: {string.Join('\n', log)}");
        return null!;
    }

    /// <summary>Deletes the profile, in which the browser's other processes may still write for a moment.</summary>
    async Task DeleteProfileAsync()
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (Directory.Exists(_profile))
        {
            try
            {
                Directory.Delete(_profile, recursive: true);
            }
            catch (IOException) when (clock.Elapsed < Browser.Limit)
            {
                await Task.Delay(20);
            }
        }
    }
}

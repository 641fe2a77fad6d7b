using System.Diagnostics;

namespace EsimCse.Tests.Support;

/// <summary>Headless Chromium, where it is installed.</summary>
static class Browser
{
    /// <summary>The limit for a page, far above the time that one takes.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    static readonly string[] Options =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update",
        // No name is found: a page that loads from the network fails to.
        "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--dump-dom",
    ];

    /// <summary>Opens a file; returns the page as the browser understood it, and the lines of its console.</summary>
    public static (string Page, string[] Console) Open(string path)
    {
        string profile = Directory.CreateTempSubdirectory("esimcse-browser-").FullName;
        string[] arguments = [.. Options, $"--user-data-dir={profile}", new Uri(path).AbsoluteUri];
        ProcessStartInfo start = new(Find(), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> log = process.StandardError.ReadToEndAsync();
        Task<string> page = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"the browser did not end within {Limit}");
        }
        Directory.Delete(profile, recursive: true);
        Assert.Equal(0, process.ExitCode);
        IEnumerable<string> console = log.Result.Split('\n').Where(IsConsole);
        return (page.Result, [.. console]);
    }

    static bool IsConsole(string line) => line.Contains("CONSOLE", StringComparison.Ordinal);

    static string Find()
    {
        IEnumerable<string> folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        string? found = folders.Prepend("/usr/bin").Select(folder => Path.Combine(folder, "chromium"))
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(found is null, "chromium is not installed: this test opens a report in it");
        return found!;
    }
}

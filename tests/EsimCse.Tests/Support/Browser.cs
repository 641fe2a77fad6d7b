using System.Diagnostics;

namespace EsimCse.Tests.Support;

/// <summary>Headless Chromium, where it is installed.</summary>
static class Browser
{
    /// <summary>The limit for what the browser does, far above the time that it takes.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    static readonly string[] Options =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update",
        // No name is found: a page that loads from the network fails to.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ];

    /// <summary>Opens a file; returns the page as the browser understood it, and the lines of its console.</summary>
    public static (string Page, string[] Console) Open(string path)
    {
        string profile = CreateProfile();
        string[] arguments = ["--enable-logging=stderr", "--dump-dom", new Uri(path).AbsoluteUri];
        (int code, string page, string log) = ChildProcess.Run(Command(profile, arguments));
        Directory.Delete(profile, recursive: true);
        Assert.Equal(0, code);
        return (page, [.. log.Split('\n').Where(IsConsole)]);
    }

    /// <summary>Creates a folder for what a browser stores. Without a browser the test is skipped.</summary>
    public static string CreateProfile()
    {
        Find();
        return Directory.CreateTempSubdirectory("esimcse-browser-").FullName;
    }

    /// <summary>Starts a browser. Without one the test is skipped.</summary>
    /// <param name="profile">The folder for what it stores.</param>
    /// <param name="arguments">Options in addition to those of every browser, and an address.</param>
    public static ChildProcess Start(string profile, params string[] arguments)
    {
        ProcessStartInfo start = Command(profile, arguments);
        start.RedirectStandardError = start.RedirectStandardOutput = true;
        return ChildProcess.Start(start);
    }

    static ProcessStartInfo Command(string profile, string[] arguments) =>
        new(Find(), [.. Options, $"--user-data-dir={profile}", .. arguments]);

    static bool IsConsole(string line) => line.Contains("CONSOLE", StringComparison.Ordinal);

    static string Find()
    {
        IEnumerable<string> folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        string? found = folders.Prepend("/usr/bin").Select(folder => Path.Combine(folder, "chromium"))
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(found is null, "chromium is not installed: this test opens a page in it");
        return found!;
    }
}

using System.Runtime.CompilerServices;

namespace EsimCse.Tests.Support;

/// <summary>Keeps tests, and the processes that they start, from the real hub and the user's cache.</summary>
static class NoNetwork
{
    /// <summary>A port of this machine on which nothing answers.</summary>
    public const string Endpoint = "http://127.0.0.1:9";

    [ModuleInitializer]
    public static void Close()
    {
        Environment.SetEnvironmentVariable("HF_ENDPOINT", Endpoint);
        Environment.SetEnvironmentVariable("HF_HUB_CACHE", Path.Combine(Path.GetTempPath(), "esimcse-test-no-cache"));
        foreach (string name in new[] { "NO_PROXY", "no_proxy" })
            Environment.SetEnvironmentVariable(name, "127.0.0.1");
        foreach (string name in new[] { "HF_TOKEN", "HF_HOME", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE" })
            Environment.SetEnvironmentVariable(name, null);
    }
}

namespace EsimCse.Tests.Support;

/// <summary>The real data in the folder ESIMCSE_DATA. Without the variable, tests that need it are skipped.</summary>
static class SharedData
{
    public static string Path(params string[] parts)
    {
        string? root = Environment.GetEnvironmentVariable("ESIMCSE_DATA");
        Assert.SkipWhen(string.IsNullOrEmpty(root), "ESIMCSE_DATA is not set: this test reads real data from there");
        return System.IO.Path.Combine([System.IO.Path.GetFullPath(root!), .. parts]);
    }
}

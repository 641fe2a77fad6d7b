namespace EsimCse.Tests.Support;

/// <summary>The real data that the variable ESIMCSE_DATA points to; a test that needs it is skipped, with one line, where it is not set.</summary>
static class SharedData
{
    public static string Path(params string[] parts)
    {
        string? root = Environment.GetEnvironmentVariable("ESIMCSE_DATA");
        Assert.SkipWhen(string.IsNullOrEmpty(root), "ESIMCSE_DATA is not set: this test reads real data from there");
        return System.IO.Path.Combine([System.IO.Path.GetFullPath(root!), .. parts]);
    }
}

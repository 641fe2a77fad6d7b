using System.Runtime.CompilerServices;

namespace EsimCse.Tests.Support;

/// <summary>The folder that holds the sources, for tests that read them.</summary>
static class Repository
{
    /// <summary>Returns the path of a file or folder of the repository.</summary>
    public static string File(params string[] parts) => Path.Combine([Root(), .. parts]);

    static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}

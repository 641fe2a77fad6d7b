using System.Runtime.CompilerServices;

namespace EsimCse.Tests.Support;

/// <summary>The folder that holds the sources, for tests that read them.</summary>
static class Repository
{
    /// <summary>Returns the path of a file or folder of the repository.</summary>
    public static string File(params string[] parts) => Path.Combine([Root(), .. parts]);

    /// <summary>Skips a test where the sources are not there, as on a machine that has only the binaries.</summary>
    public static void Require() => Assert.SkipUnless(Directory.Exists(File("src")), "the sources are not here");

    static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}

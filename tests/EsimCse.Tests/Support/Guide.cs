namespace EsimCse.Tests.Support;

/// <summary>The README of a project, which shows code that the tests compile and run.</summary>
static class Guide
{
    const string Start = "#region guide\n", End = "#endregion";

    /// <summary>Reads the README of a project.</summary>
    public static string Read(string project)
    {
        Repository.Require();
        return File.ReadAllText(Repository.File("src", project, "README.md"));
    }

    /// <summary>Requires that the README shows the regions named guide of a test, and no other code.</summary>
    public static void AssertShows(string project, params string[] testPath)
    {
        string guide = Read(project);
        string source = File.ReadAllText(Repository.File(["tests", "EsimCse.Tests", .. testPath]));
        string[] regions = [.. source.Split(Start).Skip(1).Select(part => Unindented(part.Split(End)[0]))];
        string[] shown = [.. guide.Split("```csharp\n").Skip(1).Select(part => part.Split("```")[0])];
        Assert.Equal(regions, shown);
    }

    static string Unindented(string region)
    {
        string[] lines = region.TrimEnd(' ').Split('\n');
        int indent = lines[0].Length - lines[0].TrimStart().Length;
        return string.Join('\n', lines.Select(line => line[Math.Min(indent, line.Length)..]));
    }
}

using System.Text.RegularExpressions;

namespace EsimCse.Tests.Conventions;

public partial class SourceTests
{
    const int LongestFile = 300, MedianFile = 150;

    static IEnumerable<string> Sources(params string[] folder) => Directory.GetFiles(Repository.File(folder), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("\\obj\\", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    [Fact]
    public void Files_stay_small()
    {
        (string File, int Lines)[] lengths = [.. Sources("src").Concat(Sources("tests")).Select(file => (file, File.ReadLines(file).Count())).OrderBy(entry => entry.Item2)];
        Assert.True(lengths[^1].Lines <= LongestFile, $"{lengths[^1]}");
        Assert.True(lengths[lengths.Length / 2].Lines <= MedianFile, $"the median file has {lengths[lengths.Length / 2].Lines} lines");
    }

    [Fact]
    public void Every_operation_of_the_seam_has_its_file_on_the_CPU()
    {
        string[] files = [.. Directory.GetFiles(Repository.File("src", "EsimCse.Cpu"), "CpuBackend.*.cs").Select(file => Path.GetFileName(file)["CpuBackend.".Length..^".cs".Length])];
        string[] memory = ["Allocate", "Free", "Upload", "Download", "Copy"];
        string[] operations = [.. typeof(IBackend).GetMethods().Select(method => Suffix().Replace(method.Name, "")).Except(memory).Distinct()];
        Assert.Equal(operations.Order(), files.Order());
    }

    [Fact]
    public void No_type_is_named_by_a_drawer_word()
    {
        foreach (string file in Sources("src"))
            Assert.DoesNotMatch(DrawerWord(), Path.GetFileNameWithoutExtension(file));
    }

    [GeneratedRegex("(Forward|Backward|BackwardInput|BackwardWeight|Loss|Update)$")]
    private static partial Regex Suffix();

    [GeneratedRegex("(Manager|Helper|Utils?|Service|Processor|Wrapper|Base|Impl)$")]
    private static partial Regex DrawerWord();
}

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

    /// <summary>An operation is one word, and the word names its files; a matrix product's kernel file holds its bias gradient alone. Every method is called by an operation's test.</summary>
    [Fact]
    public void Every_operation_of_the_seam_has_its_files_and_a_test()
    {
        string[] memory = ["get_Name", "Allocate", "Free", "Upload", "Download", "Copy", "Stores", "get_BusyTokens", "get_TokenBucket", "Replay", "Beside", "Join"];
        string[] methods = [.. typeof(IBackend).GetMethods().Select(method => method.Name).Except(memory)];
        string[] operations = [.. methods.Select(method => Suffix().Replace(method, "")).Distinct().Order()];
        string[] Words(string before, string after, params string[] folder) =>
            [.. Directory.GetFiles(Repository.File(folder), $"{before}*{after}").Select(file => Path.GetFileName(file)[before.Length..^after.Length]).Order()];
        Assert.Equal(operations, Words("CpuBackend.", ".cs", "src", "EsimCse.Cpu"));
        Assert.Equal(operations, Words("CudaBackend.", ".cs", "src", "EsimCse.Cuda"));
        Assert.Equal(operations.Select(word => word.ToLowerInvariant()).Order(), Words("", ".cu", "kernels"));
        string tests = string.Concat(Directory.GetFiles(Repository.File("tests", "EsimCse.Tests", "Operations"), "*.cs").Select(File.ReadAllText));
        Assert.DoesNotContain(methods, method => !tests.Contains($"backend.{method}(", StringComparison.Ordinal));
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

using System.Text.RegularExpressions;
using EsimCse.Core.Backend;

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

    /// <summary>An operation is one word, and the word names a file in five places. A matrix product's kernel file holds its bias gradient alone.</summary>
    [Fact]
    public void Every_operation_of_the_seam_has_its_five_files_and_every_method_a_test()
    {
        string[] device = ["get_Name", "get_PreferredBatchTokens", "get_TokenPadding", "get_MatmulTuningHash", "Allocate", "Free", "Upload", "Download", "CreateHostCopy", "Copy", "SupportsDataType", "RunGraph", "RunOnSideStream", "WaitForSideStream"];
        string[] methods = [.. typeof(IBackend).GetMethods().Select(method => method.Name).Except(device)];
        string[] operations = [.. methods.Select(method => Suffix().Replace(method, "")).Distinct()];
        Assert.Empty(Missing(operations));
        Assert.Equal(["kernels/sparsemax.cu", "src/EsimCse.Cuda/Operations/CudaBackend.Sparsemax.cs", "src/EsimCse.Cpu/Operations/CpuBackend.Sparsemax.cs", "tests/EsimCse.Tests/Reference/Sparsemax.cs",
            "tests/EsimCse.Tests/Operations/SparsemaxTests.cs"], Missing([.. operations, "Sparsemax"]));
        foreach ((string before, string after, string[] folder) in Places)
        {
            string[] words = [.. Directory.GetFiles(Repository.File(folder), $"{before}*{after}").Select(file => Path.GetFileName(file)[before.Length..^after.Length].ToLowerInvariant())];
            Assert.Empty(words.Except(operations.Select(word => word.ToLowerInvariant())));
        }
        string tests = string.Concat(Directory.GetFiles(Repository.File("tests", "EsimCse.Tests", "Operations"), "*.cs").Select(File.ReadAllText));
        Assert.DoesNotContain(methods, method => !tests.Contains($"backend.{method}(", StringComparison.Ordinal));
    }

    static readonly (string Before, string After, string[] Folder)[] Places =
    [
        ("", ".cu", ["kernels"]), ("CudaBackend.", ".cs", ["src", "EsimCse.Cuda", "Operations"]), ("CpuBackend.", ".cs", ["src", "EsimCse.Cpu", "Operations"]),
        ("", ".cs", ["tests", "EsimCse.Tests", "Reference"]), ("", "Tests.cs", ["tests", "EsimCse.Tests", "Operations"]),
    ];

    /// <summary>The files that operations ought to have and have not.</summary>
    static IEnumerable<string> Missing(string[] operations) =>
        from word in operations
        from place in Places
        let file = string.Join('/', [.. place.Folder, place.Before + (place.After == ".cu" ? word.ToLowerInvariant() : word) + place.After])
        where !File.Exists(Repository.File(file))
        select file;

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

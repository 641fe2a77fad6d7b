using System.Text.RegularExpressions;
using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Conventions;

/// <summary>An operation is one word, and the word names a file in five places.</summary>
public partial class OperationTests
{
    static readonly (string Before, string After, string[] Folder)[] Places =
    [
        ("", ".cu", ["kernels"]),
        ("CudaBackend.", ".cs", ["src", "EsimCse.Cuda", "Operations"]),
        ("CpuBackend.", ".cs", ["src", "EsimCse.Cpu", "Operations"]),
        ("", ".cs", ["tests", "EsimCse.Tests", "Reference"]),
        ("", "Tests.cs", ["tests", "EsimCse.Tests", "Operations"]),
    ];

    /// <summary>The members of the backend that are no operations.</summary>
    static readonly string[] DeviceMembers =
    [
        "get_Name", "get_PreferredBatchTokens", "get_TokenPadding", "get_MatmulTuningHash", "SupportsDataType",
        "get_RunsAsynchronously", "get_ThreadBackends", "FreezeWeights", "SupportsFrozenType",
        "Allocate", "Free", "Upload", "Download", "Copy", "CreateHostCopy", "CreateBackgroundReader",
        "RunGraph", "Run", "RunOnSideStream", "WaitForSideStream", "FinishGradients",
    ];

    static string[] Methods => [.. typeof(IBackend).GetMethods().Select(method => method.Name).Except(DeviceMembers)];

    static string[] Operations => [.. Methods.Select(method => Suffix().Replace(method, "")).Distinct()];

    [Fact]
    public void Every_operation_has_its_five_files() => Violations.None(Missing(Operations));

    [Fact]
    public void A_missing_file_is_found()
    {
        string[] expected =
        [
            "kernels/sparsemax.cu",
            "src/EsimCse.Cuda/Operations/CudaBackend.Sparsemax.cs",
            "src/EsimCse.Cpu/Operations/CpuBackend.Sparsemax.cs",
            "tests/EsimCse.Tests/Reference/Sparsemax.cs",
            "tests/EsimCse.Tests/Operations/SparsemaxTests.cs",
        ];
        Assert.Equal(expected, Missing([.. Operations, "Sparsemax"]));
    }

    [Fact]
    public void Every_file_is_of_an_operation()
    {
        string[] words = [.. Operations.Select(word => word.ToLowerInvariant())];
        foreach ((string before, string after, string[] folder) in Places)
        {
            string[] files = Directory.GetFiles(Repository.File(folder), $"{before}*{after}");
            IEnumerable<string> names = files.Select(file => Path.GetFileName(file)!);
            Violations.None(names.Select(name => name[before.Length..^after.Length].ToLowerInvariant()).Except(words));
        }
    }

    [Fact]
    public void Every_operation_is_called_by_a_test()
    {
        string[] files = Directory.GetFiles(Repository.File("tests", "EsimCse.Tests", "Operations"), "*.cs");
        string tests = string.Concat(files.Select(File.ReadAllText));
        Assert.DoesNotContain(Methods, method => !tests.Contains($"ackend.{method}(", StringComparison.Ordinal));
    }

    [Fact]
    public void No_file_is_named_by_a_word_that_says_nothing()
    {
        IEnumerable<string> paths = SourceFile.CSharp.Select(file => file.Path);
        Violations.None(
            from path in paths
            where path.StartsWith("src/", StringComparison.Ordinal)
            where EmptyWord().IsMatch(Path.GetFileNameWithoutExtension(path))
            select path);
    }

    static IEnumerable<string> Missing(string[] operations) =>
        from word in operations
        from place in Places
        let name = place.After == ".cu" ? word.ToLowerInvariant() : word
        let file = string.Join('/', [.. place.Folder, place.Before + name + place.After])
        where !File.Exists(Repository.File(file))
        select file;

    [GeneratedRegex("(Forward|Backward|BackwardInput|BackwardWeight|Loss|Update)$")]
    private static partial Regex Suffix();

    [GeneratedRegex("(Manager|Helper|Utils?|Service|Processor|Wrapper|Base|Impl)$")]
    private static partial Regex EmptyWord();
}

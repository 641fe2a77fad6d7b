using System.Text.RegularExpressions;
using EsimCse.Tests.Support;
using EsimCseNative.Hub;

namespace EsimCse.Tests.Native.Hub;

public partial class ModelFilesTests
{
    /// <summary>Files in the readers' sources that are refused, or that are the engine's own.</summary>
    static readonly string[] NotRead =
    [
        "pytorch_model.bin", "pytorch_model.bin.index.json", "unicode-tables.bin", "unicode-normalization.bin",
    ];

    [Fact]
    public void Every_file_that_a_reader_names_is_fetched()
    {
        Repository.Require();
        string[] named =
        [
            .. from folder in new[] { "Model", "Text" }
               from path in Directory.GetFiles(
                   Repository.File("src", "EsimCse.Core", folder), "*.cs", SearchOption.AllDirectories)
               from Match match in FileName().Matches(File.ReadAllText(path))
               select match.Groups["name"].Value,
        ];
        Assert.True(named.Distinct().Count() > 15, string.Join(", ", named.Distinct()));
        HashSet<string> listed = [.. named];
        string snapshot = Directory.CreateTempSubdirectory("esimcse-snapshot-").FullName;
        string[] fetched =
        [
            .. ModelFiles.InRoot(listed), .. ModelFiles.InModules(snapshot, listed, withWeights: true),
            FakeHub.Weights, FakeHub.Weights + ".index.json",
        ];
        Directory.Delete(snapshot);
        Assert.Empty(listed.Except(fetched).Except(NotRead));
    }

    [GeneratedRegex("""
        "(?<name>[a-z_-]+\.(json|txt|safetensors|bin)(\.index\.json)?)"
        """)]
    private static partial Regex FileName();
}

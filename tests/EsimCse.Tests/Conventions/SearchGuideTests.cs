using System.Text.RegularExpressions;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Conventions;

/// <summary>The commands and the code of the guide to index and search run.</summary>
public sealed partial class SearchGuideTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    static readonly string[] Texts = ["the cat sees a tree.", "a bird hears the dog.", "the old cat."];

    [Fact]
    public void Commands()
    {
        IndexFiles.RequireUsearch();
        File.WriteAllLines(model.In("sentences.txt"), Texts);
        string[] lines = Guide.Read("EsimCse.Search").Split('\n');
        string[] commands = [.. lines.Where(line => line.StartsWith("    esimcse ", StringComparison.Ordinal))];
        Assert.Equal(5, commands.Length);
        foreach (string command in commands)
        {
            string[] words = [.. Word().Matches(command).Skip(1).Select(match => Resolve(match.Value.Trim('"')))];
            (int code, _, string error) = Tool.Run("", words);
            Assert.True(code == 0, $"{command}: {error}");
        }
    }

    [Fact]
    public void Code()
    {
        using IndexFiles files = new();
        string folder = model.Run;
        float[][] vectors = OnCpu.Load(folder).Encode(Texts);
        string indexFolder = files.WriteIndex(files.WriteVectors(vectors, vectors[0].Length), Texts);
        #region guide
        using VectorIndex index = VectorIndex.Open(indexFolder);
        using SentenceEncoder encoder = SentenceEncoder.Load(folder);
        float[][] queries = encoder.Encode(["the old cat", "a bird"]);
        var results = index.Search(queries, top: 3, similarity: encoder.SimilarityFunction);
        foreach (IReadOnlyList<SearchResult> found in results)
            Console.WriteLine($"{found[0].Score:F4} {found[0].Row} {found[0].Text}");
        #endregion
        Guide.AssertShows("EsimCse.Search", "Conventions", "SearchGuideTests.cs");
    }

    /// <summary>Returns a word of a command with the path of the file or folder that it names.</summary>
    string Resolve(string word)
    {
        if (word == "trained") return model.Run;
        bool isFile = word.EndsWith(".npy", StringComparison.Ordinal)
            || word.EndsWith(".txt", StringComparison.Ordinal)
            || word.EndsWith("-index", StringComparison.Ordinal);
        return isFile ? model.In(word) : word;
    }

    [GeneratedRegex("\"[^\"]*\"|\\S+")]
    private static partial Regex Word();
}

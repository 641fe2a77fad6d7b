using System.Globalization;
using System.Text.RegularExpressions;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Golden;

/// <summary>The recall of an index of the kind hnsw on real vectors: all-MiniLM-L6-v2's of English Wikipedia.</summary>
public sealed partial class HnswRecallTests : IDisposable
{
    const double LowestRecall = 0.98;

    readonly IndexFiles _files = new();

    [Fact]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Ten_thousand_sentences_of_Wikipedia_have_a_recall_of_0_98()
    {
        IndexFiles.RequireUsearch();
        string model = SharedData.Path("models", "all-MiniLM-L6-v2");
        string sentences = SharedData.Path("corpus", "wikipedia-en-10k.txt");
        string vectors = _files.In("vectors.npy"), exactFolder = _files.In("exact"), hnswFolder = _files.In("hnsw");
        Run("embed", model, sentences, "--output", vectors, "--device", "cpu", "--precision", "bf16");
        Run("index", vectors, "--output", exactFolder);
        string summary = Run("index", vectors, "--output", hnswFolder, "--kind", "hnsw");
        Match recall = Summary().Match(summary);
        Assert.True(recall.Success, summary);
        Assert.InRange(double.Parse(recall.Groups[1].Value, CultureInfo.InvariantCulture), LowestRecall, 1);

        // Sentences of other sources, among them hostile ones, are no rows.
        using SentenceEncoder encoder = OnCpu.Load(model);
        float[][] queries =
            encoder.Encode(File.ReadAllLines(SharedData.Path("golden", "all-MiniLM-L6-v2", "sentences.txt")));
        using VectorIndex exact = VectorIndex.Open(exactFolder, OnCpu.Device);
        using VectorIndex hnsw = VectorIndex.Open(hnswFolder, OnCpu.Device);
        var pairs = exact.Search(queries).Zip(hnsw.Search(queries)).ToArray();
        double found = pairs.Average(pair => pair.Second.Count(result => result.Score >= pair.First[^1].Score));
        Assert.InRange(found / 10, LowestRecall, 1);
    }

    public void Dispose() => _files.Dispose();

    static string Run(params string[] arguments)
    {
        (int code, _, string error) = Tool.Run("", arguments);
        Assert.True(code == 0, error);
        return error;
    }

    [GeneratedRegex(@"hnsw, recall@10 ([\d.]+) of 1000 rows that were held out")]
    private static partial Regex Summary();
}

using System.Diagnostics;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Text;
using EsimCse.Core.Training;
using EsimCse.Cpu;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

/// <summary>Rows of an anchor, a positive and perhaps a hard negative.</summary>
public sealed class SupervisedCorpusTests : IDisposable
{
    static readonly string[] Rows =
    [
        "the cat\ta cat\tthe dog", "the cat\tthe bird\ta tree", "a dog\t\tthe cat", "a dog\ta cat\ta dog",
    ];

    readonly SmallModel _small = new();

    public void Dispose() => _small.Dispose();

    string Write(string name, params string[] lines)
    {
        File.WriteAllLines(_small.In(name), lines);
        return _small.In(name);
    }

    Corpus Read(string file, params string[] columns) =>
        Corpus.ReadColumns([file], columns, BertTokenizer.Load(_small.Folder), maxLength: 32);

    [Theory]
    [InlineData("rows.tsv")]
    [InlineData("rows.csv")]
    [InlineData("rows.jsonl")]
    [InlineData("rows.json")]
    public void Columns_are_read_by_name_in_every_format(string name)
    {
        string[][] fields = [.. Rows.Select(row => row.Split('\t'))];
        string[] objects =
            [.. fields.Select(row => $$"""{"a":"{{row[0]}}","x":1,"b":"{{row[1]}}","c":"{{row[2]}}"}""")];
        string file = Path.GetExtension(name) switch
        {
            ".tsv" => Write(name, ["a\tb\tc", .. Rows]),
            ".csv" => Write(name, ["a,b,c", .. fields.Select(row => string.Join(',', row))]),
            ".jsonl" => Write(name, objects),
            _ => Write(name, $"[{string.Join(",\n", objects)}]"),
        };
        Corpus corpus = Read(file, "b", "a", "c");
        Assert.Equal((3, 3, 1L), (corpus.Count, corpus.Columns, corpus.Empty));
        Assert.Equal([2, 6, 7, 3], corpus[0].Ids);
        Assert.Equal([2, 5, 7, 3], corpus.Text(0, 1));
        Assert.Equal([2, 5, 8, 3], corpus.Text(0, 2));
        Assert.Equal([0u, 1u, 3u], Enumerable.Range(0, 3).Select(row => corpus[row].Line));
        Assert.NotEqual(corpus.Digest(), Read(file, "a", "b", "c").Digest());
        Assert.NotEqual(corpus.Digest(), Read(file, "b", "a").Digest());
    }

    [Fact]
    public void A_missing_column_and_a_file_without_columns_are_named()
    {
        string file = Write("rows.tsv", "a\tb", "the cat\ta cat");
        Assert.Contains("'c'", Assert.Throws<InvalidInputException>(() => Read(file, "a", "c")).Message,
            StringComparison.Ordinal);
        string text = Write("rows.txt", "the cat");
        Assert.Contains(text, Assert.Throws<UsageException>(() => Read(text, "a", "b")).Message,
            StringComparison.Ordinal);
        string empty = Write("empty.tsv", "a\tb", "the cat\t", "\ta cat");
        Assert.Contains("2 rows", Assert.Throws<InvalidInputException>(() => Read(empty, "a", "b")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipe_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "mkfifo is of Unix");
        string pipe = _small.In("pipe.tsv");
        using (Process make = Process.Start("mkfifo", pipe)) make.WaitForExit();
        Task writer = Task.Run(() => File.WriteAllText(pipe, "a\tb\n"));
        string message = Assert.Throws<InvalidInputException>(() => Read(pipe, "a", "b")).Message;
        Assert.Contains("found a pipe", message, StringComparison.Ordinal);
        _ = writer;
    }

    [Fact]
    public void A_batch_holds_anchors_positives_and_hard_negatives_and_numbers_of_their_texts()
    {
        Corpus corpus = Read(Write("rows.tsv", ["a\tb\tc", .. Rows]), "a", "b", "c");
        TrainingOptions options = new() { Repetition = Augmentation.None };
        PositiveViews positives = new(options, BertTokenizer.Load(_small.Folder), maxPositions: 40);
        using CpuBackend backend = new(1);
        using IBatchSource source = IBatchSource.Open(backend, corpus, positives, batchSize: 8);
        source.SetEpochOrder([0, 2, 1]);
        TrainingBatch batch = source.Reserve(1, 1, 2);
        Assert.Equal((3, 2, 6), (source.Views, batch.Rows, batch.Views.Sentences));
        int[] ids = new int[batch.Views.Ids.Columns], texts = new int[9];
        backend.Download(batch.Views.Ids, ids.AsSpan());
        int[][] expected =
        [
            corpus.Text(2, 0), corpus.Text(1, 0), corpus.Text(2, 1), corpus.Text(1, 1), corpus.Text(2, 2),
            corpus.Text(1, 2),
        ];
        Assert.Equal(expected.SelectMany(text => text), ids);
        backend.Download(source.UploadTexts(1), texts.AsSpan());
        // the cat, a dog, the cat; a cat, a cat, the bird; the dog, a dog, a tree
        Assert.Equal([0, 1, 0, 2, 2, 3, 4, 1, 5], texts);
    }

    [Fact]
    public void A_run_resumes_to_the_same_bits_in_one_piece_and_in_parts()
    {
        string file = Write("rows.tsv", ["a\tb\tc", .. Enumerable.Repeat(Rows, 9).SelectMany(rows => rows)]);
        foreach (int? part in new int?[] { null, 3 })
        {
            TrainingJob job = _small.Job($"run-{part}") with { Data = [file], Columns = ["a", "b", "c"] };
            job = job with { Options = job.Options with { MicroBatch = part, HardNegativeWeight = 0.5f } };
            SmallModel.Train(job);
            TrainingJob again = job with { Output = job.Output + "-again" };
            using CancellationTokenSource stop = new();
            Assert.Throws<OperationCanceledException>(() => SmallModel.Train(
                again, progress: progress => { if (progress.Step == 5) stop.Cancel(); }, cancellation: stop.Token));
            SmallModel.Train(again with { Resume = true });
            Assert.Equal(RunOutput.Model(job), RunOutput.Model(again));
        }
    }
}

using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Text;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Model;

/// <summary>RoBERTa from its files to its saved folder: positions, names, tokenizer, training and resuming.</summary>
public sealed class RobertaTests : IDisposable
{
    const string Cpu = "cpu-3";

    static readonly Tolerance Vectors = new(2e-5, 2e-5, "fp32 through two layers");

    readonly SmallRoberta _small = new();

    public void Dispose() => _small.Dispose();

    [Theory]
    [InlineData(Cpu)]
    [InlineData(Backends.Cuda)]
    public void Vectors_of_all_poolers_equal_those_of_transformers(string device)
    {
        string folder = SharedData.Path("models", "roberta-random-l2-h32");
        JsonNode recorded = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "reference-ids.json")))!;
        int[][] sentences = recorded["input_ids"].Deserialize<int[][]>()!;
        using IBackend backend = Backends.Create(device);
        BertConfig config = BertConfig.Read(Path.Combine(folder, "config.json"));
        Assert.Equal((64, 2), (config.MaxPositions, config.PositionOffset));
        using ModelTensors tensors = ModelTensors.Open(folder, config.Family);
        using BertParameters bert = BertParameters.Load(backend, config, tensors, head: true);
        foreach (Pooler pooler in Pooler.All)
        {
            using Embedder embedder = new(backend, config, pooler);
            double[] actual = [.. embedder.Embed(bert.Weights, sentences).Select(value => (double)value)];
            Vectors.Check(ReadArray(Path.Combine(folder, "reference-pooled.npz"), pooler.Name), actual, pooler.Name);
        }
    }

    [Fact]
    public void Positions_follow_the_padding_token_of_config_json()
    {
        Assert.Equal((38, 2), Read("{}"));
        Assert.Equal((38, 2), Read("""{"pad_token_id": "null"}"""));
        Assert.Equal((36, 4), Read("""{"pad_token_id": 3}"""));
        string message = Assert.Throws<InvalidInputException>(() => Read("""{"pad_token_id": 38}""")).Message;
        Assert.Contains("max_position_embeddings: found 40, expected at least 41", message, StringComparison.Ordinal);
        Assert.Throws<InvalidInputException>(() => Read($$"""{"pad_token_id": {{int.MaxValue}} }"""));
        Assert.Same(ModelFamily.Roberta, Family("""{"model_type": "null", "architectures": ["RobertaForMaskedLM"]}"""));
        Assert.Throws<InvalidInputException>(
            () => Family("""{"model_type": "null", "architectures": ["XLMRobertaModel"]}"""));

        (int, int) Read(string change)
        {
            BertConfig config = ReadConfig(change);
            return (config.MaxPositions, config.PositionOffset);
        }

        ModelFamily Family(string change) => ReadConfig(change).Family;
    }

    [Theory]
    [InlineData("cls", true)]
    [InlineData("cls", false)]
    [InlineData("cls_before_pooler", true)]
    [InlineData("avg", true)]
    [InlineData("avg_top2", true)]
    [InlineData("avg_first_last", true)]
    public void A_saved_folder_gives_the_vectors_that_were_evaluated(string name, bool mlpOnlyTrain)
    {
        Assert.True(Pooler.TryParse(name, out Pooler? pooler));
        TrainingJob job = _small.Job("run");
        job = job with { Options = job.Options with { Pooler = pooler, MlpOnlyTrain = mlpOnlyTrain, MaxSteps = 3 } };
        SmallModel.Train(job);
        JsonObject config = JsonFile.ReadObject(_small.In("run", "config.json"));
        Assert.Equal("roberta", (string?)config["model_type"]);
        Assert.Equal("RobertaModel", (string?)config["architectures"]![0]);
        using SentenceEncoder encoder = OnCpu.Load(_small.In("run"));
        double expected = BestScore(job);
        Dictionary<string, IReadOnlyList<ScoredPair>> sets = new()
        {
            ["stsb-dev"] = StsSets.Read(_small.Folder, "stsb-dev"),
        };
        StsReport report = encoder.Report(sets, TestContext.Current.CancellationToken);
        double found = report.Sets.Single().Score.Spearman;
        Assert.Equal(expected, found, 1e-9);
    }

    [Fact]
    public void A_saved_folder_has_all_files_of_the_tokenizer()
    {
        SmallModel.Train(_small.Job("run"));
        BertTokenizer original = BertTokenizer.Load(_small.Folder);
        string[] files = ["tokenizer.json", "vocab.json", "merges.txt"];
        Assert.All(files, file => Assert.True(File.Exists(_small.In("run", file)), file));
        const string text = "The cat<mask> sees  it's café 😀";
        int[] expected = original.Encode(text);
        Assert.Equal(expected, BertTokenizer.Load(_small.In("run")).Encode(text));
        File.Delete(_small.In("run", "tokenizer.json"));
        Assert.Equal(expected, BertTokenizer.Load(_small.In("run")).Encode(text));
    }

    [Theory]
    [InlineData(Cpu)]
    [InlineData(Backends.Cuda)]
    public void A_resumed_run_equals_an_uninterrupted_one(string device)
    {
        TrainingJob whole = _small.Job("whole"), parts = _small.Job("parts");
        Train(whole, null);
        Assert.Throws<OperationCanceledException>(() => Train(parts, stopAfter: 6));
        Train(parts with { Resume = true }, null);
        RunOutput.AssertEqual(whole, parts);

        void Train(TrainingJob job, int? stopAfter)
        {
            using CancellationTokenSource stop = new();
            using IBackend backend = Backends.Create(device);
            using Trainer trainer = Trainer.Open(job, backend);
            trainer.Run(
                progress =>
                {
                    if (progress.Step == stopAfter) stop.Cancel();
                },
                stop.Token);
        }
    }

    [Theory]
    [InlineData(Augmentation.Word)]
    [InlineData(Augmentation.Insert)]
    [InlineData(Augmentation.Mask)]
    [InlineData(Augmentation.Stopword)]
    [InlineData(Augmentation.Delete)]
    public void Every_augmentation_trains_and_the_devices_agree(Augmentation kind)
    {
        TrainingJob job = _small.Job("cpu");
        job = job with { Options = job.Options with { Repetition = kind, MaxSteps = 3 } };
        SmallModel.Train(job);
        TrainingJob onCuda = job with { Output = _small.In("cuda") };
        using (IBackend backend = Backends.Create(Backends.Cuda))
        using (Trainer trainer = Trainer.Open(onCuda, backend)) trainer.Run();
        Assert.Equal(Losses(job), Losses(onCuda), (a, b) => Math.Abs(a - b) <= 1e-4 * Math.Abs(a));
    }

    [Theory]
    [InlineData("vocab.json", "{", "vocab.json", "not valid JSON")]
    [InlineData("vocab.json", "[]", "vocab.json", "expected a JSON object")]
    [InlineData("vocab.json", "{\"a\": 0}", "vocab.json", "for byte 0")]
    [InlineData("vocab.json", null, "found neither tokenizer.json", "vocab.json")]
    [InlineData("merges.txt", null, "merges.txt", "no such file")]
    [InlineData("merges.txt", "t h e\n", "merges.txt: line 1", "t h e")]
    [InlineData("merges.txt", "#version: 0.2\n\nt\n", "merges.txt: line 3", "'t'")]
    [InlineData("merges.txt", "x y\n", "merges.txt: line 1", "x y")]
    public void A_missing_or_damaged_file_of_the_tokenizer_is_named(string file, string? text, params string[] named)
    {
        if (text is null) File.Delete(_small.In(file));
        else File.WriteAllText(_small.In(file), text);
        string message = Assert.Throws<InvalidInputException>(() => BertTokenizer.Load(_small.Folder)).Message;
        Assert.DoesNotContain('\n', message);
        Assert.All(named, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    BertConfig ReadConfig(string change)
    {
        JsonNode before = JsonNode.Parse(File.ReadAllText(_small.In("config.json")))!;
        string path = _small.In("changed.json");
        File.WriteAllText(path, Text.TokenizerFolder.Merge(before, JsonNode.Parse(change))!.ToJsonString());
        return BertConfig.Read(path);
    }

    static double BestScore(TrainingJob job) => Metrics(job, "stsb_dev").Max();

    static double[] Losses(TrainingJob job) => [.. Metrics(job, "loss")];

    static IEnumerable<double> Metrics(TrainingJob job, string key) =>
        from line in File.ReadLines(Path.Combine(job.Output, "metrics.jsonl"))
        let value = JsonNode.Parse(line)![key]
        where value is not null
        select (double)value;

    /// <summary>Reads one fp32 array of a npz file.</summary>
    static double[] ReadArray(string path, string name)
    {
        using ZipArchive archive = ZipFile.OpenRead(path);
        using MemoryStream memory = new();
        using (Stream entry = archive.GetEntry(name + ".npy")!.Open()) entry.CopyTo(memory);
        return [.. Npy.Parse(memory.ToArray()).Select(value => (double)value)];
    }
}

using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Training;
using EsimCse.Cpu;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Training;

/// <summary>Runs with a masked-language loss: the files they write, and how they go on.</summary>
public sealed class MaskedLanguageTrainingTests : IDisposable
{
    const string Bias = "cls.predictions.bias";
    const int Steps = 9;

    static readonly string[] HeadNames =
    [
        "cls.predictions.bias",
        "cls.predictions.transform.LayerNorm.bias",
        "cls.predictions.transform.LayerNorm.weight",
        "cls.predictions.transform.dense.bias",
        "cls.predictions.transform.dense.weight",
    ];

    readonly SmallModel _small = new();
    readonly CpuBackend _cpu = new(1);

    public void Dispose()
    {
        _small.Dispose();
        _cpu.Dispose();
    }

    [Fact]
    public void Threads_and_an_interruption_change_no_bit_and_each_step_reports_its_loss()
    {
        TrainingJob whole = Job("whole"), parts = Job("parts");
        SmallModel.Train(whole, threads: 1);
        using CancellationTokenSource stop = new();
        void StopAfter(TrainingProgress progress)
        {
            if (progress.Step == 7) stop.Cancel();
        }
        Assert.Throws<OperationCanceledException>(
            () => SmallModel.Train(parts, threads: 3, progress: StopAfter, cancellation: stop.Token));
        SmallModel.Train(parts with { Resume = true }, threads: 2);
        RunOutput.AssertEqual(whole, parts);
        IEnumerable<string> lines = RunOutput.Metrics(whole);
        string[] steps = [.. lines.Where(line => line.Contains("\"loss\"", StringComparison.Ordinal))];
        Assert.Equal(14, steps.Length);
        Assert.All(steps, line => Assert.Contains("\"mlm_loss\":", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_weight_nothing_is_reported_and_no_head_is_saved()
    {
        TrainingJob job = _small.Job("run");
        SmallModel.Train(job);
        Assert.DoesNotContain("mlm", string.Concat(RunOutput.Metrics(job)), StringComparison.Ordinal);
        Assert.DoesNotContain(Names(job), name => name.StartsWith("cls.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_saved_folder_has_the_head_and_gives_the_vectors_that_were_evaluated(bool mlpOnlyTrain)
    {
        TrainingJob job = Job("run");
        job = job with { Options = job.Options with { MlpOnlyTrain = mlpOnlyTrain } };
        double best = EncoderTraining.Run(job, device: OnCpu.Device)!.Value.Score;
        using SentenceEncoder encoder = OnCpu.Load(job.Output);
        Assert.Equal(best, encoder.Score(StsSets.Read(_small.Folder, "stsb-dev")).Spearman);

        // transformers finds encoder and head only where the encoder's names have their prefix.
        string[] names = Names(job);
        Assert.Equal(HeadNames, names.Where(name => !name.StartsWith("bert.", StringComparison.Ordinal)));
        Assert.Contains("bert.embeddings.word_embeddings.weight", names);
        Assert.Contains("bert.pooler.dense.weight", names);
        string config = File.ReadAllText(Path.Combine(job.Output, "config.json"));
        Assert.Contains("BertForMaskedLM", config, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_goes_on_from_the_saved_head_and_draws_one_where_there_is_none()
    {
        TrainingJob first = Job("first");
        SmallModel.Train(first);
        float[] trained = Head(first.Output);
        TrainingJob again = From(first.Output, "again");
        using (BertParameters loaded = Load(again)) Assert.Equal(trained, Head(loaded));

        TrainingJob plain = _small.Job("plain");
        SmallModel.Train(plain);
        using BertParameters drawn = Load(From(plain.Output, "drawn"));
        float[] bias = Read(drawn, Bias);
        Assert.All(bias, value => Assert.Equal(0, value));
        float[] dense = Read(drawn, "cls.predictions.transform.dense.weight");
        Assert.InRange(Math.Sqrt(dense.Average(value => value * value)), 0.015, 0.025);
        Assert.All(Read(drawn, "cls.predictions.transform.LayerNorm.weight"), value => Assert.Equal(1, value));
    }

    [Fact]
    public void The_bias_is_read_under_the_decoders_name_and_a_missing_tensor_is_named()
    {
        TrainingJob first = Job("first");
        SmallModel.Train(first);
        float[] trained = Head(first.Output);
        Rewrite(first, name => name == Bias ? "cls.predictions.decoder.bias" : name);
        using (BertParameters loaded = Load(From(first.Output, "again"))) Assert.Equal(trained, Head(loaded));
        const string missing = "cls.predictions.transform.dense.bias";
        Rewrite(first, name => name == missing ? "cls.seq_relationship.bias" : name);
        TrainingJob refused = From(first.Output, "refused");
        string message = Assert.Throws<InvalidInputException>(() => SmallModel.Train(refused)).Message;
        Assert.Contains(missing, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vocabulary_without_a_mask_token_is_refused_by_name()
    {
        string vocabulary = _small.In("vocab.txt");
        File.WriteAllText(
            vocabulary, File.ReadAllText(vocabulary).Replace("[MASK]", "masks", StringComparison.Ordinal));
        string message = Assert.Throws<InvalidInputException>(() => SmallModel.Train(Job("run"))).Message;
        Assert.Contains("[MASK]", message, StringComparison.Ordinal);
        Assert.Contains("--mlm-weight", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_small.In("run")));
    }

    [Fact]
    public void A_decoder_that_is_not_tied_is_refused_by_name()
    {
        string config = _small.In("config.json");
        File.WriteAllText(
            config, File.ReadAllText(config).Replace("{", "{\"tie_word_embeddings\":false,", StringComparison.Ordinal));
        string message = Assert.Throws<InvalidInputException>(() => SmallModel.Train(Job("run"))).Message;
        Assert.Contains("tie_word_embeddings: found false", message, StringComparison.Ordinal);
        SmallModel.Train(_small.Job("run"));
    }

    [Theory]
    [InlineData("cpu-3")]
    [InlineData(Backends.Cuda)]
    public void Batches_packed_on_the_device_and_on_the_host_train_to_the_same_bits(string device)
    {
        using IBackend backend = Backends.Create(device);
        float[] resident = Train(backend, small =>
            ResidentCorpus.TryOpen(
                backend, small.Corpus, small.Positives, SmallTraining.BatchSize, small.Masking)!);
        float[] hostPacked = Train(backend, small =>
            new HostPackedCorpus(backend, small.Corpus, small.Positives, SmallTraining.BatchSize, small.Masking));
        Assert.Equal(MemoryMarshal.AsBytes<float>(resident), MemoryMarshal.AsBytes<float>(hostPacked));
    }

    static float[] Train(IBackend backend, Func<SmallTraining, IBatchSource> open)
    {
        using SmallTraining training = new(backend, Augmentation.Subword, Steps, mlmWeight: 0.3f);
        using IBatchSource corpus = open(training);
        List<float> losses = [];
        for (int step = 1; step <= Steps; step++)
        {
            corpus.SetEpochOrder(training.OrderOf(step));
            training.Step.Run(corpus, step);
            StepResult result = training.Step.Read();
            Assert.InRange(result.MlmLoss!.Value, 1, 5);
            losses.AddRange([result.Loss, result.MlmLoss.Value]);
        }
        return [.. losses, .. training.ReadState()];
    }

    TrainingJob Job(string output)
    {
        TrainingJob job = _small.Job(output);
        return job with { Options = job.Options with { MlmWeight = 0.1f } };
    }

    TrainingJob From(string model, string output) =>
        Job(output) with { Model = model, Config = null, Vocabulary = null };

    BertParameters Load(TrainingJob job) =>
        TrainingSource.Read(job).Create(_cpu, job.Options, ElementType.Float32);

    static string[] Names(TrainingJob job)
    {
        using SafetensorsFile file = SafetensorsFile.Open(RunOutput.ModelPath(job));
        return [.. file.Tensors.Keys.Order(StringComparer.Ordinal)];
    }

    static float[] Head(string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        return [.. HeadNames.SelectMany(name => file.Span<float>(file.Tensors[name]).ToArray())];
    }

    static float[] Head(BertParameters bert) => [.. HeadNames.SelectMany(name => Read(bert, name))];

    static float[] Read(BertParameters bert, string name) => bert.Get(bert.Layout.ByName[name]);

    static void Rewrite(TrainingJob job, Func<string, string> rename)
    {
        string path = RunOutput.ModelPath(job);
        List<TensorToWrite> tensors = [];
        using (SafetensorsFile file = SafetensorsFile.Open(path))
            foreach (StoredTensor tensor in file.Tensors.Values)
            {
                float[] values = file.Span<float>(tensor).ToArray();
                int[] shape = [.. tensor.Shape.Select(size => (int)size)];
                tensors.Add(TensorToWrite.Floats(rename(tensor.Name), shape, () => values));
            }
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string>());
    }
}

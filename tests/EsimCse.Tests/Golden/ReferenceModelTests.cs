using System.Text.Json;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Golden;

/// <summary>
/// A small random model whose gains, biases and projections are far from 1 and 0, so that a dropped or swapped tensor
/// shows.
/// </summary>
public class ReferenceModelTests
{
    const string Cpu = "cpu-3";

    const double VectorTolerance = 2e-5;
    const double LossTolerance = 1e-4;
    const double GradientTolerance = 1e-4;

    /// <summary>A hundredth of the sum of the learning rates.</summary>
    const double WeightTolerance = 5e-5;

    const int QueueRows = 5;

    [Theory]
    [InlineData(Cpu, "cls", "cls_before_pooler")]
    [InlineData(Backends.Cuda, "cls", "cls_before_pooler")]
    [InlineData(Cpu, "pooler", "cls")]
    [InlineData(Backends.Cuda, "pooler", "cls")]
    [InlineData(Cpu, "mean", "avg")]
    [InlineData(Backends.Cuda, "mean", "avg")]
    [InlineData(Cpu, "first_last_emb", "avg_first_last")]
    [InlineData(Backends.Cuda, "first_last_emb", "avg_first_last")]
    [InlineData(Cpu, "last2", "avg_top2")]
    [InlineData(Backends.Cuda, "last2", "avg_top2")]
    public void Vectors_equal_the_reference(string device, string name, string poolerName)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        JsonElement reference = Read("reference-forward.json");
        int[][] padded = Ids(reference.GetProperty("input_ids"));
        int[][] mask = Ids(reference.GetProperty("attention_mask"));
        int[][] sentences = [.. padded.Select((row, i) => row[..mask[i].Sum()])];
        using IBackend backend = Backends.Create(device);
        using BertParameters bert = Load(backend, head: true);
        using Embedder embedder = new(backend, bert.Config, pooler);
        JsonElement pooled = reference.GetProperty("pooled").GetProperty(name);
        double[] expected = [.. Rows(pooled).Select(value => value.GetDouble())];
        double[] actual = [.. embedder.Embed(bert.Weights, sentences).Select(value => (double)value)];
        new Tolerance(VectorTolerance, VectorTolerance, "fp32 through two layers").Check(expected, actual, name);
    }

    [Theory]
    [InlineData(Cpu, "pooler", "cls")]
    [InlineData(Backends.Cuda, "pooler", "cls")]
    [InlineData(Cpu, "cls", "cls_before_pooler")]
    [InlineData(Backends.Cuda, "cls", "cls_before_pooler")]
    [InlineData(Cpu, "mean", "avg")]
    [InlineData(Backends.Cuda, "mean", "avg")]
    public void Losses_and_gradients_equal_the_reference(string device, string head, string poolerName)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        JsonElement reference = Read("reference-train.json");
        IEnumerable<JsonElement> cases =
            from item in reference.GetProperty("cases").EnumerateArray()
            where item.GetProperty("head").GetString() == head
            select item;
        foreach (JsonElement item in cases)
        {
            bool hasQueue = item.GetProperty("queue").GetBoolean();
            TrainingOptions options = new() { Pooler = pooler, Dropout = 0, QueueSize = hasQueue ? QueueRows : 0 };
            using IBackend backend = Backends.Create(device);
            using BertParameters bert = Load(backend, pooler.HasHead);
            using TrainingStep step = new(bert, options, 1);
            if (hasQueue) FillQueue(backend, step, reference.GetProperty("queue").GetProperty(head), 0);
            RunStep(step, reference);
            StepResult result = step.Read();
            Assert.Equal(1, Math.Abs(result.Loss / item.GetProperty("loss").GetDouble()), LossTolerance);
            Assert.Equal(1, result.GradientNorm / item.GetProperty("grad_global_norm").GetDouble(), GradientTolerance);
            CheckGradients(bert, step, item.GetProperty("grads"));
        }
    }

    [Theory]
    [InlineData(Cpu)]
    [InlineData(Backends.Cuda)]
    public void Five_steps_of_AdamW_equal_the_reference(string device)
    {
        JsonElement reference = Read("reference-train.json");
        JsonElement run = reference.GetProperty("adamw");
        TrainingOptions options = new()
        {
            Dropout = 0,
            QueueSize = QueueRows,
            LearningRate = 1e-3f,
            WeightDecay = 0.01f,
        };
        using IBackend backend = Backends.Create(device);
        using BertParameters bert = Load(backend, head: true);
        // With this many scheduled steps the learning rate stays constant.
        using TrainingStep step = new(bert, options, int.MaxValue);
        double[] losses = [.. run.GetProperty("losses").EnumerateArray().Select(loss => loss.GetDouble())];
        for (int k = 0; k < 5; k++)
        {
            FillQueue(backend, step, reference.GetProperty("queue").GetProperty("pooler"), k);
            RunStep(step, reference);
            Assert.Equal(1, step.Read().Loss / losses[k], LossTolerance);
        }
        foreach (JsonProperty tensor in run.GetProperty("after5").EnumerateObject())
            if (!tensor.Name.EndsWith("key.bias", StringComparison.Ordinal)) CheckWeights(bert, tensor);
    }

    static void CheckGradients(BertParameters bert, TrainingStep step, JsonElement gradients)
    {
        int compared = 0;
        foreach (JsonProperty tensor in gradients.EnumerateObject())
        {
            if (!bert.Layout.ByName.TryGetValue(tensor.Name, out ParameterTensor? parameter)) continue;
            float[] values = new float[parameter.Count];
            bert.Backend.Download(parameter.In(step.Gradients.Arena), values.AsSpan());
            double norm = Norm(values);
            double expected = tensor.Value.GetProperty("norm").GetDouble();
            Assert.True(
                Math.Abs(norm - expected) <= GradientTolerance * expected + 1e-6,
                $"{tensor.Name}: found {norm}, expected {expected}");
            compared++;
        }
        Assert.Equal(bert.Layout.Tensors.Count, compared);
    }

    static void CheckWeights(BertParameters bert, JsonProperty tensor)
    {
        float[] values = bert.Get(bert.Layout.ByName[tensor.Name]);
        Assert.Equal(1, Norm(values) / tensor.Value.GetProperty("norm").GetDouble(), 1e-4);
        foreach ((int i, JsonElement expected) in tensor.Value.GetProperty("first").EnumerateArray().Index())
            Assert.True(
                Math.Abs(expected.GetDouble() - values[i]) < WeightTolerance,
                $"{tensor.Name}[{i}]: found {values[i]}, expected {expected}");
    }

    static void RunStep(TrainingStep step, JsonElement reference) =>
        step.Run(Ids(reference.GetProperty("anchor_ids")), Ids(reference.GetProperty("positive_ids")));

    /// <summary>Fills the queue: the reference's does not change from step to step.</summary>
    static void FillQueue(IBackend backend, TrainingStep step, JsonElement rows, int stepsDone)
    {
        float[] values = [.. Rows(rows).Select(value => value.GetSingle())];
        backend.Upload<float>(values, step.State.Single(part => part.Name == "queue").Matrix);
        backend.Upload<int>([stepsDone, 0, 0, QueueRows, 0], step.State.Single(part => part.Name == "counters").Matrix);
    }

    static JsonElement Read(string file) =>
        JsonDocument.Parse(File.ReadAllText(SharedData.Path("models", "bert-random-l2-h32", file))).RootElement;

    static BertParameters Load(IBackend backend, bool head)
    {
        string folder = SharedData.Path("models", "bert-random-l2-h32");
        using ModelTensors tensors = ModelTensors.Open(folder, ModelFamily.Bert);
        BertConfig config = BertConfig.Read(Path.Combine(folder, "config.json"));
        return BertParameters.Load(backend, config, tensors, head, gap: 24);
    }

    static int[][] Ids(JsonElement rows) =>
        [.. rows.EnumerateArray().Select(row => row.EnumerateArray().Select(id => id.GetInt32()).ToArray())];

    static IEnumerable<JsonElement> Rows(JsonElement rows) =>
        rows.EnumerateArray().SelectMany(row => row.EnumerateArray());

    static double Norm(float[] values) => Math.Sqrt(values.Sum(value => (double)value * value));
}

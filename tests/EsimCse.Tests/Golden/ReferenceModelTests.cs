using System.Text.Json;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Golden;

/// <summary>The small random model whose gains, biases and projections are far from 1 and 0, so that a dropped or swapped tensor shows.</summary>
public class ReferenceModelTests
{
    const string Cpu = "cpu-3";

    const double Forward = 2e-5, Loss = 1e-4, Gradient = 1e-4;

    /// <summary>A hundredth of the sum of the learning rates.</summary>
    const double Moved = 5e-5;

    const int QueueRows = 5;

    static JsonElement Read(string file) => JsonDocument.Parse(File.ReadAllText(SharedData.Path("models", "bert-random-l2-h32", file))).RootElement;

    static int[][] Ids(JsonElement rows) => [.. rows.EnumerateArray().Select(row => row.EnumerateArray().Select(id => id.GetInt32()).ToArray())];

    static BertParameters Load(IBackend backend, bool head)
    {
        string folder = SharedData.Path("models", "bert-random-l2-h32");
        using ModelTensors tensors = ModelTensors.Open(folder);
        return BertParameters.Load(backend, BertConfig.Read(Path.Combine(folder, "config.json")), tensors, head, gap: 24);
    }

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
        int[][] padded = Ids(reference.GetProperty("input_ids")), mask = Ids(reference.GetProperty("attention_mask"));
        int[][] sentences = [.. padded.Select((row, i) => row[..mask[i].Sum()])];
        using IBackend backend = Backends.Create(device);
        using BertParameters bert = Load(backend, head: true);
        using Embedder embedder = new(backend, bert.Config, pooler);
        double[] expected = [.. reference.GetProperty("pooled").GetProperty(name).EnumerateArray().SelectMany(row => row.EnumerateArray().Select(value => value.GetDouble()))];
        new Tolerance(Forward, Forward, "fp32 through two layers").Check(expected, [.. embedder.Embed(bert.Weights, sentences).Select(value => (double)value)], name);
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
        int[][] anchors = Ids(reference.GetProperty("anchor_ids")), positives = Ids(reference.GetProperty("positive_ids"));
        foreach (JsonElement item in reference.GetProperty("cases").EnumerateArray().Where(item => item.GetProperty("head").GetString() == head))
        {
            using IBackend backend = Backends.Create(device);
            using BertParameters bert = Load(backend, head: pooler.HasHead);
            bool queue = item.GetProperty("queue").GetBoolean();
            using TrainingStep step = new(bert, new() { Pooler = pooler, Dropout = 0, QueueSize = queue ? QueueRows : 0 }, 1);
            if (queue) FillQueue(backend, step, reference.GetProperty("queue").GetProperty(head), 0);
            step.Run(anchors, positives);
            StepResult result = step.Read();
            Assert.Equal(1, Math.Abs(result.Loss / item.GetProperty("loss").GetDouble()), Loss);
            Assert.Equal(1, result.GradientNorm / item.GetProperty("grad_global_norm").GetDouble(), Gradient);
            int compared = 0;
            foreach (JsonProperty tensor in item.GetProperty("grads").EnumerateObject())
                if (bert.Layout.ByName.TryGetValue(tensor.Name, out ParameterTensor? parameter))
                {
                    float[] values = new float[parameter.Count];
                    backend.Download(parameter.In(step.Gradients.Arena), values.AsSpan());
                    double norm = Math.Sqrt(values.Sum(value => (double)value * value)), expected = tensor.Value.GetProperty("norm").GetDouble();
                    Assert.True(Math.Abs(norm - expected) <= Gradient * expected + 1e-6, $"{tensor.Name}: found {norm}, expected {expected}");
                    compared++;
                }
            Assert.Equal(bert.Layout.Tensors.Count, compared);
        }
    }

    [Theory]
    [InlineData(Cpu)]
    [InlineData(Backends.Cuda)]
    public void Five_steps_of_AdamW_equal_the_reference(string device)
    {
        JsonElement reference = Read("reference-train.json"), run = reference.GetProperty("adamw");
        int[][] anchors = Ids(reference.GetProperty("anchor_ids")), positives = Ids(reference.GetProperty("positive_ids"));
        using IBackend backend = Backends.Create(device);
        using BertParameters bert = Load(backend, head: true);
        // So many steps that the learning rate does not fall.
        using TrainingStep step = new(bert, new() { Dropout = 0, QueueSize = QueueRows, LearningRate = 1e-3f, WeightDecay = 0.01f }, int.MaxValue);
        double[] losses = [.. run.GetProperty("losses").EnumerateArray().Select(loss => loss.GetDouble())];
        for (int k = 0; k < 5; k++)
        {
            FillQueue(backend, step, reference.GetProperty("queue").GetProperty("pooler"), k);
            step.Run(anchors, positives);
            Assert.Equal(1, step.Read().Loss / losses[k], Loss);
        }
        foreach (JsonProperty tensor in run.GetProperty("after5").EnumerateObject().Where(tensor => !tensor.Name.EndsWith("key.bias", StringComparison.Ordinal)))
        {
            float[] values = bert.Get(bert.Layout.ByName[tensor.Name]);
            Assert.Equal(1, Math.Sqrt(values.Sum(value => (double)value * value)) / tensor.Value.GetProperty("norm").GetDouble(), 1e-4);
            foreach ((JsonElement expected, int i) in tensor.Value.GetProperty("first").EnumerateArray().Select((value, i) => (value, i)))
                Assert.True(Math.Abs(expected.GetDouble() - values[i]) < Moved, $"{tensor.Name}[{i}]: found {values[i]}, expected {expected}");
        }
    }

    /// <summary>The reference's queue does not change from step to step.</summary>
    static void FillQueue(IBackend backend, TrainingStep step, JsonElement rows, int stepsDone)
    {
        float[] values = [.. rows.EnumerateArray().SelectMany(row => row.EnumerateArray().Select(value => value.GetSingle()))];
        backend.Upload<float>(values, step.State.Single(part => part.Name == "queue").Matrix);
        backend.Upload<int>([stepsDone, 0, 0, QueueRows], step.State.Single(part => part.Name == "counters").Matrix);
    }
}

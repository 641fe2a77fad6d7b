using System.Text.Json;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Cpu;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Golden;

/// <summary>Twelve steps of ESimCSE on real weights, recorded from PyTorch's autograd in float64: queue, momentum encoder, head, clipping, schedule.</summary>
public class RecordedTrainingTests
{
    /// <summary>fp32 against float64: PyTorch's own fp32 repeats the losses within 7e-6 and the norms within 2e-5.</summary>
    const double Loss = 1e-4, Norm = 1e-4;

    /// <summary>The true gradient of a key's bias is zero, for softmax does not see a shift: fp32 leaves noise.</summary>
    const double ZeroGradient = 1e-6;

    /// <summary>Of the sum of the learning rates: PyTorch's fp32 stays within 8e-4 of it, where a gradient is near Adam's epsilon within more.</summary>
    const double Moved = 5e-3;

    [Theory]
    [InlineData("cls")]
    [InlineData("avg")]
    public void Losses_gradients_and_weights_equal_PyTorchs(string pooler)
    {
        using JsonDocument recorded = JsonDocument.Parse(File.ReadAllText(SharedData.Path("golden", "all-MiniLM-L6-v2", $"esimcse-{pooler}.json")));
        JsonElement run = recorded.RootElement;
        string folder = SharedData.Path("models", "all-MiniLM-L6-v2");
        TrainingOptions options = new()
        {
            Pooler = pooler == "cls" ? Pooler.Cls : Pooler.Avg,
            Dropout = 0,
            LearningRate = run.GetProperty("lr").GetSingle(),
            Temperature = run.GetProperty("tau").GetSingle(),
            QueueSize = run.GetProperty("queue_size").GetInt32(),
            Momentum = run.GetProperty("momentum").GetSingle(),
        };
        int steps = run.GetProperty("steps").GetInt32();
        using CpuBackend backend = new();
        using ModelTensors tensors = ModelTensors.Open(folder);
        using BertParameters bert = BertParameters.Load(backend, BertConfig.Read(Path.Combine(folder, "config.json")), tensors, head: pooler == "cls");
        using TrainingStep step = new(bert, options, steps);
        double rates = 0;
        for (int k = 0; k < steps; k++)
        {
            step.Run(Batch(run.GetProperty("view1")[k]), Batch(run.GetProperty("view2")[k]));
            (StepResult result, JsonElement expected) = (step.Read(), run.GetProperty("records")[k]);
            rates += result.LearningRate;
            Relative(expected.GetProperty("loss").GetDouble(), result.Loss, Loss, $"loss of step {k + 1}");
            Relative(expected.GetProperty("grad_norm").GetDouble(), result.GradientNorm, Norm, $"gradient norm of step {k + 1}");
            Relative(expected.GetProperty("learning_rate").GetDouble(), result.LearningRate, 1e-6, "learning rate");
            if (k == 0) Gradients(bert, step, run.GetProperty("gradients_first"));
        }
        Gradients(bert, step, run.GetProperty("gradients_last"));
        Weights(bert, bert.Weights, run.GetProperty("parameters_after"), rates);
        Weights(bert, step.EmaWeights!, run.GetProperty("momentum_after"), rates);
    }

    static int[][] Batch(JsonElement batch) => [.. batch.EnumerateArray().Select(ids => ids.EnumerateArray().Select(id => id.GetInt32()).ToArray())];

    static void Gradients(BertParameters bert, TrainingStep step, JsonElement expected)
    {
        foreach (JsonProperty tensor in expected.EnumerateObject())
        {
            double[] actual = Values(bert, step.Gradients, tensor.Name);
            double norm = Math.Sqrt(actual.Sum(value => value * value));
            if (tensor.Name.EndsWith("self.key.bias", StringComparison.Ordinal)) Assert.True(norm < ZeroGradient, $"{tensor.Name}: {norm}");
            else
            {
                double reference = tensor.Value.GetProperty("norm").GetDouble();
                Relative(reference, norm, Norm, $"gradient norm of {tensor.Name}");
                double[] first = [.. tensor.Value.GetProperty("first4").EnumerateArray().Select(value => value.GetDouble())];
                for (int i = 0; i < first.Length; i++) Assert.True(Math.Abs(first[i] - actual[i]) < Norm * reference, $"{tensor.Name}[{i}]: found {actual[i]}, expected {first[i]}");
            }
        }
    }

    static void Weights(BertParameters bert, BertWeights weights, JsonElement expected, double rates)
    {
        foreach (JsonProperty tensor in expected.EnumerateObject())
        {
            if (tensor.Name.EndsWith("self.key.bias", StringComparison.Ordinal)) continue;
            double[] actual = Values(bert, weights, tensor.Name);
            Relative(tensor.Value.GetProperty("norm").GetDouble(), Math.Sqrt(actual.Sum(value => value * value)), 1e-5, $"norm of {tensor.Name}");
            int i = 0;
            foreach (JsonElement value in tensor.Value.GetProperty("first4").EnumerateArray())
            {
                Assert.True(Math.Abs(value.GetDouble() - actual[i]) < Moved * rates + 1e-7 * Math.Abs(value.GetDouble()), $"{tensor.Name}[{i}]: found {actual[i]}, expected {value}");
                i++;
            }
        }
    }

    static double[] Values(BertParameters bert, BertWeights weights, string name)
    {
        ParameterTensor tensor = bert.Layout.ByName[name.Replace("head.", "pooler.dense.", StringComparison.Ordinal)];
        float[] values = new float[tensor.Count];
        bert.Backend.Download(tensor.In(weights.Arena), values.AsSpan());
        return [.. values.Select(value => (double)value)];
    }

    static void Relative(double expected, double actual, double tolerance, string what) =>
        Assert.True(Math.Abs(expected - actual) <= tolerance * Math.Abs(expected), $"{what}: found {actual:R}, expected {expected:R}");
}

using System.Text.Json;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Golden;

/// <summary>
/// Steps of ESimCSE, recorded from PyTorch's autograd in float64: on real weights of a BERT, also with hard negatives
/// and with the masked-language loss, and on a random RoBERTa; queue, momentum encoder, head, clipping, schedule.
/// </summary>
public class RecordedTrainingTests
{
    /// <summary>fp32 against float64: PyTorch's own fp32 repeats losses within 7e-6 and norms within 2e-5.</summary>
    const double LossTolerance = 1e-4;
    const double NormTolerance = 1e-4;

    /// <summary>
    /// The gradients of the gains that lead to the masked-language logits are small differences of large sums: fp32 is
    /// within 1.2e-4 after eight steps, and within <see cref="NormTolerance"/> in the first.
    /// </summary>
    const double DecoderGainTolerance = 3e-4;

    static readonly string[] DecoderGains =
        ["encoder.layer.3.output.LayerNorm.weight", "cls.predictions.transform.LayerNorm.weight"];

    /// <summary>The noise of a key's bias, whose true gradient is zero: softmax is invariant to a shift.</summary>
    const double ZeroGradient = 1e-6;

    /// <summary>
    /// A share of the sum of the learning rates. PyTorch's fp32 stays within 8e-4 of it, and within more where a
    /// gradient is close to Adam's epsilon.
    /// </summary>
    const double MovementTolerance = 5e-3;

    [Theory]
    [InlineData("cpu-3", "all-MiniLM-L6-v2", "esimcse-cls", Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData("cpu-3", "all-MiniLM-L6-v2", "esimcse-avg")]
    [InlineData("cpu-3", "all-MiniLM-L6-v2", "supervised-cls")]
    [InlineData("cpu-3", "roberta-random-l2-h32", "esimcse-cls")]
    [InlineData(Backends.Cuda, "roberta-random-l2-h32", "esimcse-cls")]
    [InlineData(
        Backends.Cuda,
        "all-MiniLM-L6-v2",
        "supervised-cls",
        Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    public void Losses_gradients_and_weights_equal_PyTorchs(string device, string model, string recording)
    {
        Pooler pooler = recording.EndsWith("avg", StringComparison.Ordinal) ? Pooler.Avg : Pooler.Cls;
        string path = SharedData.Path("golden", model, $"{recording}.json");
        if (device == Backends.Cuda && OwnProcess.RunsTest()) return;
        using IBackend backend = Backends.Create(device);
        using JsonDocument recorded = JsonDocument.Parse(File.ReadAllText(path));
        JsonElement run = recorded.RootElement;
        string folder = SharedData.Path("models", model);
        int steps = run.GetProperty("steps").GetInt32();
        BertConfig config = BertConfig.Read(Path.Combine(folder, "config.json"));
        using ModelTensors tensors = ModelTensors.Open(folder, config.Family);
        using BertParameters bert = BertParameters.Load(backend, config, tensors, head: pooler.HasHead);
        using TrainingStep step = new(bert, Options(run, pooler), steps);
        double learningRates = 0;
        for (int k = 0; k < steps; k++)
        {
            step.Run([.. Views(run).Select(view => Batch(view[k]))]);
            StepResult result = step.Read();
            learningRates += result.LearningRate;
            CheckStep(result, run.GetProperty("records")[k], k + 1);
            if (k == 0) CheckGradients(bert, step, run.GetProperty("gradients_first"));
        }
        CheckGradients(bert, step, run.GetProperty("gradients_last"));
        CheckWeights(bert, bert.Weights, run.GetProperty("parameters_after"), learningRates);
        if (run.TryGetProperty("momentum_after", out JsonElement momentum))
            CheckWeights(bert, step.EmaWeights!, momentum, learningRates);
    }

    static IEnumerable<JsonElement> Views(JsonElement run)
    {
        for (int view = 1; run.TryGetProperty($"view{view}", out JsonElement ids); view++) yield return ids;
    }

    [Theory]
    [InlineData("cpu-3")]
    [InlineData(Backends.Cuda, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    public void Steps_with_a_masked_language_loss_equal_PyTorchs(string device)
    {
        string path = SharedData.Path("golden", "bert-mlm-l4-h384", "mlm-auxiliary.json");
        if (device == Backends.Cuda && OwnProcess.RunsTest()) return;
        using JsonDocument recorded = JsonDocument.Parse(File.ReadAllText(path));
        JsonElement run = recorded.RootElement;
        using IBackend backend = Backends.Create(device);
        using BertParameters bert = LoadWithMaskedLanguageHead(backend);
        TrainingOptions options = Options(run, Pooler.ClsBeforePooler) with
        {
            MlmWeight = run.GetProperty("mlm_weight").GetSingle(),
        };
        int steps = run.GetProperty("steps").GetInt32();
        using TrainingStep step = new(bert, options, steps);
        double learningRates = 0;
        for (int k = 0; k < steps; k++)
        {
            GivenMasks masks = new(backend, Batch(run.GetProperty("masked")[k]), Batch(run.GetProperty("labels")[k]));
            step.Run(masks, masks.Count, Batch(run.GetProperty("view1")[k]), Batch(run.GetProperty("view2")[k]));
            StepResult result = step.Read();
            learningRates += result.LearningRate;
            JsonElement expected = run.GetProperty("records")[k];
            CheckStep(result, expected, k + 1);
            CheckRelative(expected.GetProperty("mlm_loss").GetDouble(), result.MlmLoss!.Value, LossTolerance, "mlm");
            if (k == 0) CheckGradients(bert, step, run.GetProperty("gradients_first"));
        }
        CheckGradients(bert, step, run.GetProperty("gradients_last"), DecoderGains);
        CheckWeights(bert, bert.Weights, run.GetProperty("parameters_after"), learningRates);
    }

    static BertParameters LoadWithMaskedLanguageHead(IBackend backend)
    {
        string folder = SharedData.Path("models", "bert-mlm-l4-h384");
        BertConfig config = BertConfig.Read(Path.Combine(folder, "config.json"));
        using ModelTensors tensors = ModelTensors.Open(folder, ModelFamily.Bert, withMaskedLanguageHead: true);
        Assert.True(tensors.HasMaskedLanguageHead);
        return BertParameters.Load(backend, config, tensors, head: false, maskedLanguageSeed: 1);
    }

    static TrainingOptions Options(JsonElement run, Pooler pooler) => new()
    {
        Pooler = pooler,
        HardNegativeWeight =
            run.TryGetProperty("hard_negative_weight", out JsonElement weight) ? weight.GetSingle() : 0,
        Dropout = 0,
        LearningRate = run.GetProperty("lr").GetSingle(),
        Temperature = run.GetProperty("tau").GetSingle(),
        QueueSize = run.GetProperty("queue_size").GetInt32(),
        Momentum = run.GetProperty("momentum").GetSingle(),
    };

    static int[][] Batch(JsonElement batch) =>
        [.. batch.EnumerateArray().Select(ids => ids.EnumerateArray().Select(id => id.GetInt32()).ToArray())];

    static void CheckStep(StepResult result, JsonElement expected, int step)
    {
        CheckRelative(expected.GetProperty("loss").GetDouble(), result.Loss, LossTolerance, $"loss of step {step}");
        double norm = expected.GetProperty("grad_norm").GetDouble();
        CheckRelative(norm, result.GradientNorm, NormTolerance, $"gradient norm of step {step}");
        CheckRelative(expected.GetProperty("learning_rate").GetDouble(), result.LearningRate, 1e-6, "learning rate");
    }

    static void CheckGradients(
        BertParameters bert, TrainingStep step, JsonElement expected, params ReadOnlySpan<string> decoderGains)
    {
        foreach (JsonProperty tensor in expected.EnumerateObject())
        {
            double[] actual = Values(bert, step.Gradients, tensor.Name);
            if (IsKeyBias(tensor))
            {
                Assert.True(Norm(actual) < ZeroGradient, $"{tensor.Name}: {Norm(actual)}");
                continue;
            }
            double norm = tensor.Value.GetProperty("norm").GetDouble();
            double tolerance = decoderGains.Contains(tensor.Name) ? DecoderGainTolerance : NormTolerance;
            CheckRelative(norm, Norm(actual), tolerance, $"gradient norm of {tensor.Name}");
            CheckFirst(tensor, actual, _ => NormTolerance * norm);
        }
    }

    static void CheckWeights(BertParameters bert, BertWeights weights, JsonElement expected, double learningRates)
    {
        foreach (JsonProperty tensor in expected.EnumerateObject().Where(tensor => !IsKeyBias(tensor)))
        {
            double[] actual = Values(bert, weights, tensor.Name);
            CheckRelative(tensor.Value.GetProperty("norm").GetDouble(), Norm(actual), 1e-5, $"norm of {tensor.Name}");
            CheckFirst(tensor, actual, value => MovementTolerance * learningRates + 1e-7 * Math.Abs(value));
        }
    }

    /// <summary>Compares the first four elements of a tensor.</summary>
    static void CheckFirst(JsonProperty tensor, double[] actual, Func<double, double> tolerance)
    {
        foreach ((int i, JsonElement element) in tensor.Value.GetProperty("first4").EnumerateArray().Index())
        {
            double expected = element.GetDouble();
            Assert.True(
                Math.Abs(expected - actual[i]) < tolerance(expected),
                $"{tensor.Name}[{i}]: found {actual[i]}, expected {expected}");
        }
    }

    static void CheckRelative(double expected, double actual, double tolerance, string name) => Assert.True(
        Math.Abs(expected - actual) <= tolerance * Math.Abs(expected),
        $"{name}: found {actual:R}, expected {expected:R}");

    static bool IsKeyBias(JsonProperty tensor) => tensor.Name.EndsWith("self.key.bias", StringComparison.Ordinal);

    static double Norm(double[] values) => Math.Sqrt(values.Sum(value => value * value));

    static double[] Values(BertParameters bert, BertWeights weights, string name)
    {
        ParameterTensor tensor = bert.Layout.ByName[name.Replace("head.", "pooler.dense.", StringComparison.Ordinal)];
        float[] values = new float[tensor.Count];
        bert.Backend.Download(tensor.In(weights.Arena), values.AsSpan());
        return [.. values.Select(value => (double)value)];
    }
}

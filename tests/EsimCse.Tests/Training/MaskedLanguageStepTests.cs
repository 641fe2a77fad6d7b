using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

/// <summary>
/// Steps with queue and masked-language loss against a naive implementation in double: gradients by central differences
/// of the joint loss, clipping, AdamW, the momentum encoder and its queue.
/// </summary>
public class MaskedLanguageStepTests
{
    const int Steps = 3;
    const int QueueSize = 5;
    const float LearningRate = 1e-3f, Temperature = 0.25f, Momentum = 0.9f, MlmWeight = 0.5f;

    /// <summary>fp32 against double: a share of the norm of a tensor's gradient.</summary>
    const double GradientTolerance = 2e-5, LossTolerance = 1e-5;

    /// <summary>The gradient of a key's bias is zero, apart from rounding: AdamW moves it at random.</summary>
    const double ZeroGradient = 1e-6;

    /// <summary>A share of the learning rates' sum: AdamW divides by small second moments.</summary>
    const double MovementTolerance = 0.02;

    static readonly BertConfig Config = new()
    {
        VocabularySize = 13,
        HiddenSize = 8,
        Layers = 1,
        Heads = 1,
        IntermediateSize = 16,
        MaxPositions = 8,
        InitializerRange = 0.4f,
    };

    static readonly int[][] Anchors = [[2, 5, 7, 3], [2, 9, 3], [2, 6, 5, 11, 8, 3]];
    static readonly int[][] Positives = [[2, 5, 5, 7, 3], [2, 9, 9, 3], [2, 6, 5, 11, 8, 3]];

    static readonly int[][] HardNegatives = [[2, 10, 3], [2, 8, 6, 3], [2, 7, 12, 3]];

    static readonly int[][] Masked =
        [[2, 5, 4, 3], [2, 4, 3], [2, 6, 5, 11, 4, 3], [2, 12, 5, 7, 3], [2, 9, 9, 3], [2, 4, 5, 4, 8, 3]];

    static readonly int[][] Labels =
    [
        [-1, -1, 7, -1], [-1, 9, -1], [-1, -1, -1, -1, 8, -1],
        [-1, 5, -1, -1, -1], [-1, -1, 9, -1], [-1, 6, -1, 11, -1, -1],
    ];

    [Theory]
    [InlineData("cpu-3", "cls_before_pooler", false)]
    [InlineData("cpu-1", "avg", false)]
    [InlineData("cpu-1", "cls_before_pooler", true)]
    [InlineData(Backends.Cuda, "cls_before_pooler", false)]
    [InlineData(Backends.Cuda, "avg", false)]
    [InlineData(Backends.Cuda, "avg", true)]
    public void Steps_equal_the_naive_ones_in_double(string device, string poolerName, bool withHardNegatives)
    {
        int[][][] views = withHardNegatives ? [Anchors, Positives, HardNegatives] : [Anchors, Positives];
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        using IBackend backend = Backends.Create(device);
        using BertParameters bert = BertParameters.Random(backend, Config, false, 3, gap: 8, maskedLanguageHead: true);
        NaiveStep naive = new(bert, views, mean: poolerName == "avg");
        using TrainingStep step = new(bert, Options(pooler), int.MaxValue);
        for (int k = 1; k <= Steps; k++)
        {
            GivenMasks masks = new(backend, Masked, Labels);
            step.Run(masks, masks.Count, views);
            naive.Run(k);
            StepResult result = step.Read();
            Assert.Equal(1, result.Loss / naive.Loss, LossTolerance);
            Assert.Equal(1, result.MlmLoss!.Value / naive.MlmLoss, LossTolerance);
            CheckGradients(bert, step.Gradients, naive.Gradients);
            CheckWeights(bert, bert.Weights, naive.Weights, k);
            CheckWeights(bert, step.EmaWeights!, naive.Ema, k);
        }
    }

    static TrainingOptions Options(Pooler pooler) => new()
    {
        Pooler = pooler,
        Dropout = 0,
        QueueSize = QueueSize,
        Temperature = Temperature,
        Momentum = Momentum,
        LearningRate = LearningRate,
        MlmWeight = MlmWeight,
    };

    static void CheckGradients(
        BertParameters bert, BertWeights gradients, Dictionary<string, double[]> expected)
    {
        foreach (ParameterTensor tensor in bert.Layout.Tensors)
        {
            double[] actual = Read(bert, gradients, tensor);
            double error = Norm(expected[tensor.Name].Zip(actual, (e, a) => a - e));
            double limit = GradientTolerance * Norm(expected[tensor.Name]) + ZeroGradient;
            Assert.True(error <= limit, $"{tensor.Name}: error {error}, expected at most {limit}");
        }
    }

    static void CheckWeights(
        BertParameters bert, BertWeights weights, Dictionary<string, double[]> expected, int steps)
    {
        Tolerance tolerance = new(MovementTolerance * LearningRate * steps, 1e-6, "a share of the movement");
        foreach (ParameterTensor tensor in bert.Layout.Tensors)
            if (!tensor.Name.EndsWith("key.bias", StringComparison.Ordinal))
                tolerance.Check(expected[tensor.Name], Read(bert, weights, tensor), tensor.Name);
    }

    static double[] Read(BertParameters bert, BertWeights weights, ParameterTensor tensor)
    {
        float[] values = new float[tensor.Count];
        bert.Backend.Download(tensor.In(weights.Arena), values.AsSpan());
        return [.. values.Select(value => (double)value)];
    }

    static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(value => value * value));

    /// <summary>The step in double, tensor by tensor.</summary>
    sealed class NaiveStep
    {
        readonly int[][][] _views;
        readonly bool _mean;
        readonly Dictionary<string, double[]> _m = [], _v = [];
        double[] _queue = [];

        public NaiveStep(BertParameters bert, int[][][] views, bool mean)
        {
            _views = views;
            _mean = mean;
            foreach (ParameterTensor tensor in bert.Layout.Tensors)
            {
                double[] values = [.. bert.Get(tensor).Select(value => (double)value)];
                Weights.Add(tensor.Name, values);
                Ema.Add(tensor.Name, [.. values]);
                _m.Add(tensor.Name, new double[values.Length]);
                _v.Add(tensor.Name, new double[values.Length]);
            }
        }

        public Dictionary<string, double[]> Weights { get; } = [];

        public Dictionary<string, double[]> Ema { get; } = [];

        public Dictionary<string, double[]> Gradients { get; private set; } = [];

        public double Loss { get; private set; }

        public double MlmLoss { get; private set; }

        public void Run(int step)
        {
            ReferenceBert bert = new(Config, Weights);
            MlmLoss = bert.MaskedLanguageLoss(Masked, Labels);
            Loss = JointLoss(bert);
            Gradients = Weights.ToDictionary(tensor => tensor.Key, tensor => Gradient(bert, tensor.Value));
            double norm = Norm(Gradients.Values.SelectMany(values => values));
            double clip = Math.Min(1, 1 / (norm + 1e-6));
            foreach ((string name, double[] weights) in Weights)
            {
                // The momentum encoder has no heads.
                bool isHead = name.StartsWith("cls.", StringComparison.Ordinal);
                double[] ema = isHead ? new double[weights.Length] : Ema[name];
                AdamW.Update(
                    weights, Gradients[name], _m[name], _v[name], ema, step, LearningRate, clip, 0, Momentum);
            }
            double[] rows = new ReferenceBert(Config, Ema).Vectors(Anchors, _mean);
            _queue = [.. _queue, .. rows];
            _queue = _queue[Math.Max(0, _queue.Length - QueueSize * Config.HiddenSize)..];
        }

        double JointLoss(ReferenceBert bert) =>
            bert.Loss(_views, _mean, Temperature, _queue) +
            MlmWeight * bert.MaskedLanguageLoss(Masked, Labels);

        double[] Gradient(ReferenceBert bert, double[] tensor)
        {
            double[] start = [.. tensor];
            double[] gradient = FiniteDifference.Gradient(start, [1], moved =>
            {
                moved.CopyTo(tensor, 0);
                return [JointLoss(bert)];
            });
            start.CopyTo(tensor, 0);
            return gradient;
        }
    }
}

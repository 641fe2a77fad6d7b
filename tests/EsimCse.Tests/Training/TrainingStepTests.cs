using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Cpu;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public class TrainingStepTests
{
    /// <summary>
    /// The distance of the difference quotient, so small that its third-order error is below the tolerance.
    /// </summary>
    const double Distance = 4e-3;

    /// <summary>
    /// The tolerance: a share for the quotient of fp32 losses, and an absolute part for small gradients.
    /// </summary>
    const double Relative = 0.02, Absolute = 2e-4;

    static readonly BertConfig Config = new()
    {
        VocabularySize = 30,
        HiddenSize = 16,
        Layers = 2,
        Heads = 2,
        IntermediateSize = 24,
        MaxPositions = 20,
        LayerNormEpsilon = 1e-5f,
        InitializerRange = 0.3f,
    };

    static readonly int[][] Anchors = [[2, 7, 9, 3], [2, 11, 12, 13, 14, 3], [2, 5, 3], [2, 8, 8, 17, 3]];
    static readonly int[][] Positives = [[2, 7, 7, 9, 3], [2, 11, 12, 12, 13, 14, 3], [2, 5, 5, 3], [2, 8, 8, 17, 3]];

    [Theory]
    [InlineData("cls", 0.2f)]
    [InlineData("cls", 0.2f, 0.5f)]
    [InlineData("avg", 0f, 0.5f)]
    [InlineData("cls_before_pooler", 0.2f)]
    [InlineData("avg", 0.2f)]
    [InlineData("avg_top2", 0.2f)]
    [InlineData("avg_first_last", 0.2f)]
    [InlineData("cls", 0f)]
    public void Every_tensors_gradient_is_the_difference_quotient_of_the_loss(
        string poolerName, float dropout, float mlmWeight = 0)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        using CpuBackend backend = new(2);
        TrainingOptions options = new()
        {
            Pooler = pooler,
            Dropout = dropout,
            QueueSize = 0,
            Temperature = 0.5f,
            MlmWeight = mlmWeight,
        };
        ParameterLayout layout = new(Config, pooler.HasHead, maskedLanguageHead: mlmWeight > 0);
        float[] start = Parameters(backend, layout);
        (_, float[] gradient) = Run(backend, options, layout, start);
        foreach (ParameterTensor tensor in layout.Tensors)
        {
            double norm = Norm(gradient, tensor);
            if (tensor.Name.EndsWith("key.bias", StringComparison.Ordinal))
            {
                // Its gradient is zero: a softmax does not change with a constant.
                Assert.True(norm < 1e-5, $"{tensor.Name}: {norm}");
                continue;
            }
            // Along its own gradient a tensor's derivative is the gradient's norm.
            double LossAt(double distance) =>
                Run(backend, options, layout, Moved(start, gradient, tensor, distance / norm)).Loss;
            double quotient = (LossAt(Distance) - LossAt(-Distance)) / (2 * Distance);
            Assert.True(
                Math.Abs(quotient - norm) < Relative * norm + Absolute,
                $"{tensor.Name}: found a norm of {norm}, expected {quotient}");
        }
    }

    // From the third step on CUDA launches the graph that it captured in the second.
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Words_have_a_gradient_in_the_steps_whose_sentences_have_them(string device)
    {
        const int separators = 2, wordsPerStep = 4, steps = 5;
        using IBackend backend = Backends.Create(device);
        using BertParameters bert = BertParameters.Random(backend, Config, head: true, seed: 1);
        using TrainingStep step = new(bert, new TrainingOptions { QueueSize = 4, Dropout = 0 }, steps);
        for (int number = 0; number < steps; number++)
        {
            int[] words = [.. Enumerable.Range(4 + number * wordsPerStep, wordsPerStep)];
            int[] first = [2, words[0], words[1], 3], second = [2, words[2], words[3], 3];
            step.Run([first, second], [first, second]);
            step.Read();
            float[] gradient = new float[step.Gradients.Words.Count];
            backend.Download(step.Gradients.Words, gradient.AsSpan());
            // Row 0 is that of padding rows, whose gradient is zero.
            IEnumerable<int> rows = gradient.Chunk(Config.HiddenSize).Index()
                .Where(row => row.Item.Any(value => value != 0))
                .Select(row => row.Index);
            Assert.Equal([separators, separators + 1, .. words], rows);
        }
    }

    static float[] Parameters(CpuBackend backend, ParameterLayout layout)
    {
        float[] parameters = new float[layout.Length];
        using BertParameters bert = Random(backend, layout);
        foreach (ParameterTensor tensor in layout.Tensors) bert.Get(tensor).CopyTo(parameters, tensor.Offset);
        return parameters;
    }

    /// <summary>Runs step 1 from given parameters: its dropout masks do not depend on them.</summary>
    static (double Loss, float[] Gradient) Run(
        CpuBackend backend,
        TrainingOptions options,
        ParameterLayout layout,
        float[] parameters)
    {
        using BertParameters bert = Random(backend, layout);
        backend.Upload<float>(parameters, bert.Weights.Arena);
        using TrainingStep step = new(bert, options, 1);
        GivenMasks? masks = options.MlmWeight > 0 ? Masks(backend) : null;
        step.Run(masks, masks?.Count ?? 0, Anchors, Positives);
        float[] gradient = new float[layout.Length];
        backend.Download(step.Gradients.Arena, gradient.AsSpan());
        return (step.Read().Loss, gradient);
    }

    static BertParameters Random(CpuBackend backend, ParameterLayout layout) => BertParameters.Random(
        backend, Config, layout.HasHead, 1, maskedLanguageHead: layout.HasMaskedLanguageHead);

    /// <summary>Masks the second token of every sentence.</summary>
    static GivenMasks Masks(CpuBackend backend)
    {
        int[][] sentences = [.. Anchors, .. Positives];
        int[][] masked = [.. sentences.Select(ids => (int[])[ids[0], 4, .. ids[2..]])];
        int[][] labels = [.. sentences.Select(ids => ids.Select((id, i) => i == 1 ? id : -1).ToArray())];
        return new GivenMasks(backend, masked, labels);
    }

    static double Norm(float[] gradient, ParameterTensor tensor)
    {
        ReadOnlySpan<float> values = gradient.AsSpan((int)tensor.Offset, (int)tensor.Count);
        double sum = 0;
        foreach (float value in values) sum += (double)value * value;
        return Math.Sqrt(sum);
    }

    /// <summary>Returns the parameters with one tensor moved along its gradient.</summary>
    static float[] Moved(float[] parameters, float[] gradient, ParameterTensor tensor, double scale)
    {
        float[] moved = [.. parameters];
        for (long i = tensor.Offset; i < tensor.Offset + tensor.Count; i++) moved[i] += (float)(scale * gradient[i]);
        return moved;
    }
}

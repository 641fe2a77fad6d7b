using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Cpu;

namespace EsimCse.Tests.Training;

public class StepGradientTests
{
    /// <summary>fp32 losses, differenced over a step small enough for the third derivative to be as small.</summary>
    const double Relative = 0.02;

    static readonly BertConfig Config = new() { VocabularySize = 30, HiddenSize = 16, Layers = 2, Heads = 2, IntermediateSize = 24, MaxPositions = 20, LayerNormEpsilon = 1e-5f, InitializerRange = 0.3f };

    static readonly int[][] First = [[2, 7, 9, 3], [2, 11, 12, 13, 14, 3], [2, 5, 3], [2, 8, 8, 17, 3]];
    static readonly int[][] Second = [[2, 7, 7, 9, 3], [2, 11, 12, 12, 13, 14, 3], [2, 5, 5, 3], [2, 8, 8, 17, 3]];

    /// <summary>One step from given parameters; the masks are those of step 1, whatever the parameters.</summary>
    static (double Loss, float[] Gradient) Step(CpuBackend backend, TrainingOptions options, ParameterLayout layout, float[] parameters)
    {
        using BertParameters bert = BertParameters.Random(backend, Config, layout.HasHead, 1);
        backend.Upload<float>(parameters, bert.Weights.Arena);
        using TrainingStep step = new(bert, options, 1);
        step.Run(First, Second);
        float[] gradient = new float[layout.Length];
        backend.Download(step.Gradients.Arena, gradient.AsSpan());
        return (step.Read().Loss, gradient);
    }

    [Theory]
    [InlineData("cls", 0.2f)]
    [InlineData("cls_before_pooler", 0.2f)]
    [InlineData("avg", 0.2f)]
    [InlineData("avg_top2", 0.2f)]
    [InlineData("avg_first_last", 0.2f)]
    [InlineData("cls", 0f)]
    public void The_gradient_of_every_tensor_is_the_loss_differentiated_with_dropout_on(string poolerName, float dropout)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        using CpuBackend backend = new(2);
        TrainingOptions options = new() { Pooler = pooler, Dropout = dropout, QueueSize = 0, Temperature = 0.5f };
        ParameterLayout layout = new(Config, pooler.HasHead);
        float[] start = new float[layout.Length];
        using (BertParameters bert = BertParameters.Random(backend, Config, layout.HasHead, 1))
            foreach (ParameterTensor tensor in layout.Tensors) bert.Get(tensor).CopyTo(start, tensor.Offset);
        (_, float[] gradient) = Step(backend, options, layout, start);
        foreach (ParameterTensor tensor in layout.Tensors)
        {
            Range range = (int)tensor.Offset..(int)(tensor.Offset + tensor.Count);
            double norm = Math.Sqrt(gradient[range].Sum(value => (double)value * value));
            if (tensor.Name.EndsWith("key.bias", StringComparison.Ordinal))
            {
                Assert.True(norm < 1e-5, $"{tensor.Name}: {norm}");
                continue;
            }
            // Along its own gradient a tensor's derivative is the gradient's norm.
            double length = 4e-3;
            double Moved(double sign)
            {
                float[] moved = [.. start];
                for (int i = range.Start.Value; i < range.End.Value; i++) moved[i] += (float)(sign * length * gradient[i] / norm);
                return Step(backend, options, layout, moved).Loss;
            }
            double slope = (Moved(1) - Moved(-1)) / (2 * length);
            Assert.True(Math.Abs(slope - norm) < Relative * norm + 2e-4, $"{tensor.Name}: found a norm of {norm}, expected {slope}");
        }
    }
}

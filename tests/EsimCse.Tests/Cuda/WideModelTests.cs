using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Cuda;

/// <summary>A model with more columns than layernorm's registers hold.</summary>
public class WideModelTests
{
    static readonly BertConfig Config = new()
    {
        VocabularySize = 20,
        HiddenSize = 1032,
        Layers = 1,
        Heads = 129,
        IntermediateSize = 16,
        MaxPositions = 16,
    };

    [Fact]
    public void It_trains_on_CUDA_as_on_the_CPU()
    {
        Backends.RequireCuda();
        StepResult expected = TrainTwoSteps("cpu");
        StepResult actual = TrainTwoSteps("cuda");
        Assert.Equal(1, actual.Loss / expected.Loss, 2e-4);
        Assert.Equal(1, actual.GradientNorm / expected.GradientNorm, 2e-3);
    }

    static StepResult TrainTwoSteps(string device)
    {
        using IBackend backend = new DeviceChoice(device).Open(Config);
        using BertParameters bert = BertParameters.Random(backend, Config, head: true, seed: 3);
        TrainingOptions options = new() { QueueSize = 4, LearningRate = 1e-3f, Dropout = 0.1f, Momentum = 0.9f };
        using TrainingStep step = new(bert, options, 2);
        step.Run([[2, 5, 6, 7, 3], [2, 8, 3]], [[2, 5, 5, 6, 7, 3], [2, 8, 3]]);
        step.Run([[2, 9, 6, 7, 3], [2, 10, 3]], [[2, 9, 6, 6, 7, 3], [2, 10, 3]]);
        return step.Read();
    }
}

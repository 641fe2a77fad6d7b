using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Cuda;

/// <summary>A model of more columns than a kernel's registers hold.</summary>
public class WideModelTests
{
    static StepResult Step(string device, SmallModel small)
    {
        string file = Path.Combine(small.Folder, "wide.json");
        File.WriteAllText(file, """
            {"model_type":"bert","vocab_size":20,"hidden_size":1032,"num_hidden_layers":1,"num_attention_heads":129,"intermediate_size":16,"max_position_embeddings":16,"type_vocab_size":2,"hidden_act":"gelu"}
            """);
        BertConfig config = BertConfig.Read(file);
        using IBackend backend = new DeviceChoice(device).Open(config);
        using BertParameters bert = BertParameters.Random(backend, config, head: true, seed: 3);
        using TrainingStep step = new(bert, new() { QueueSize = 4, LearningRate = 1e-3f, Dropout = 0.1f, Momentum = 0.9f }, 2);
        step.Run([[2, 5, 6, 7, 3], [2, 8, 3]], [[2, 5, 5, 6, 7, 3], [2, 8, 3]]);
        step.Run([[2, 9, 6, 7, 3], [2, 10, 3]], [[2, 9, 6, 6, 7, 3], [2, 10, 3]]);
        return step.Read();
    }

    [Fact]
    public void Trains_on_CUDA_as_on_the_CPU()
    {
        Backends.RequireCuda();
        using SmallModel small = new();
        StepResult expected = Step("cpu", small), actual = Step("cuda", small);
        Assert.Equal(1, actual.Loss / expected.Loss, 2e-4);
        Assert.Equal(1, actual.GradientNorm / expected.GradientNorm, 2e-3);
    }
}

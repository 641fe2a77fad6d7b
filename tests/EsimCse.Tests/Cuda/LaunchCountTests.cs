using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>
/// The kernels and products of a step and of a batch, which each cost their start and end: a change of these numbers is
/// made on purpose.
/// </summary>
[Collection("cuda")]
public class LaunchCountTests
{
    static readonly BertConfig TwelveLayers = SmallModel.Config with { Layers = 12 };

    [Theory]
    [InlineData(false, 337)]
    [InlineData(true, 557)]
    public void A_training_step_of_twelve_layers(bool mlm, int launches)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using RandomTraining training = new(cuda, TwelveLayers, Pooler.Cls, ElementType.BFloat16, mlm);
        training.RunMany(2);
        Wait(training);
        long before = SoftCuda.CountLaunches();
        training.Run();
        Wait(training);
        Assert.Equal(launches, SoftCuda.CountLaunches() - before);
    }

    [Theory]
    [InlineData("cls", 102)]
    [InlineData("avg", 99)]
    public void A_batch_of_sentences_through_twelve_layers(string poolerName, int launches)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using BertParameters bert =
            BertParameters.Random(cuda, TwelveLayers, pooler.HasHead, seed: 3, ElementType.Float16);
        using Embedder embedder = new(cuda, TwelveLayers, pooler);
        embedder.Embed(bert.Weights, [[2, 5, 3]]);
        long before = SoftCuda.CountLaunches();
        embedder.Embed(bert.Weights, [[2, 5, 3]]);
        Assert.Equal(launches, SoftCuda.CountLaunches() - before);
    }

    /// <summary>Waits for a step and for the momentum encoder's push after it.</summary>
    static void Wait(RandomTraining training)
    {
        training.Backend.WaitForSideStream();
        training.Step.Read();
    }
}

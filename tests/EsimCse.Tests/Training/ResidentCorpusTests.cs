using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

public class ResidentCorpusTests
{
    const int OutOfMemory = 2, Steps = 9;

    [Theory]
    [InlineData("cpu-1", Augmentation.Subword)]
    [InlineData("cpu-3", Augmentation.Word)]
    [InlineData(Backends.Cuda, Augmentation.Subword)]
    [InlineData(Backends.Cuda, Augmentation.Word)]
    [InlineData(Backends.Cuda, Augmentation.Insert)]
    public void Device_packed_batches_train_to_the_same_bits_as_given_ones(string device, Augmentation augmentation)
    {
        using IBackend backend = Backends.Create(device);
        Assert.Equal(TrainOnGivenBatches(backend, augmentation), TrainOnResidentCorpus(backend, augmentation));
    }

    [Fact]
    public void A_corpus_that_does_not_fit_is_packed_on_the_host_to_the_same_bits()
    {
        using SmallModel small = new();
        Assert.Equal(typeof(ResidentCorpus), Train(small, "run", refusedAllocation: 0));
        // The corpus' own allocation is the one whose failure does not end the run.
        List<string> hostPacked = [];
        for (int refused = 1; refused <= 40; refused++)
        {
            string output = $"refused-{refused}";
            if (Train(small, output, refused) == typeof(HostPackedCorpus)) hostPacked.Add(output);
        }
        string run = Assert.Single(hostPacked);
        Assert.Equal(RunOutput.Model(small.Job("run")), RunOutput.Model(small.Job(run)));
    }

    static float[] TrainOnGivenBatches(IBackend backend, Augmentation augmentation)
    {
        using SmallTraining training = new(backend, augmentation, Steps);
        List<float> losses = [];
        for (int step = 1; step <= Steps; step++)
        {
            (int[][] anchors, int[][] positives) = training.BatchOf(step);
            training.Step.Run(anchors, positives);
            losses.Add(training.Step.Read().Loss);
        }
        return [.. losses, .. training.ReadState()];
    }

    static float[] TrainOnResidentCorpus(IBackend backend, Augmentation augmentation)
    {
        using SmallTraining training = new(backend, augmentation, Steps);
        using ResidentCorpus? corpus =
            ResidentCorpus.TryOpen(backend, training.Corpus, training.Positives, SmallTraining.BatchSize);
        Assert.NotNull(corpus);
        List<float> losses = [];
        for (int step = 1; step <= Steps; step++)
        {
            corpus.SetEpochOrder(training.OrderOf(step));
            training.Step.Run(corpus, step);
            losses.Add(training.Step.Read().Loss);
        }
        return [.. losses, .. training.ReadState()];
    }

    /// <summary>
    /// Trains on SoftCuda, where an allocation fails (0 for none). Returns the type of the batch source; null where the
    /// failure ended the run. Runs on the batch source that is expected.
    /// </summary>
    static Type? Train(SmallModel small, string output, int refusedAllocation)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        TrainingJob job = small.Job(output);
        job = job with { Options = job.Options with { MaxSteps = 6 } };
        if (refusedAllocation > 0) SoftCuda.Inject("cuMemAlloc_v2", refusedAllocation, OutOfMemory);
        try
        {
            using Trainer trainer = Trainer.Open(job, cuda);
            SoftCuda.Reset();
            bool isResident = trainer.BatchSource is ResidentCorpus;
            if (isResident == (refusedAllocation == 0)) trainer.Run();
            return trainer.BatchSource.GetType();
        }
        catch (DeviceMemoryException)
        {
            return null;
        }
        finally
        {
            SoftCuda.Reset();
        }
    }
}

using EsimCse.Core.Files;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

/// <summary>Checkpoints and the best model are written while the run goes on.</summary>
public class BackgroundSavingTests
{
    const int Steps = 7, SavedStep = 4, LaterStep = 6;

    /// <summary>The limit for what another thread does; far above the time that it takes.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Fact]
    public void A_run_goes_on_while_the_disk_holds_a_checkpoint_back_which_is_that_of_its_step()
    {
        using SmallModel small = new();
        TrainingJob undisturbed = Job(small, "undisturbed"), held = Job(small, "held");
        Train(undisturbed, new SimulatedDevice());

        using ManualResetEventSlim laterStepIsDone = new();
        int lastStep = 0, stepOfFirstRead = 0;
        SimulatedDevice device = new()
        {
            BeforeBackgroundRead = () =>
            {
                if (!laterStepIsDone.Wait(Limit)) throw new TimeoutException("the run waits for its checkpoint");
                if (stepOfFirstRead == 0) stepOfFirstRead = lastStep;
            },
        };
        Train(held, device, progress =>
        {
            lastStep = progress.Step;
            if (progress.Step == LaterStep) laterStepIsDone.Set();
        });
        Assert.InRange(stepOfFirstRead, LaterStep, Steps);
        RunOutput.AssertEqual(undisturbed, held);
        foreach (int step in new[] { SavedStep, Steps })
            Assert.Equal(ReadCheckpoint(undisturbed, step), ReadCheckpoint(held, step));
    }

    [Fact]
    public void Saving_takes_less_than_a_twentieth_of_a_step_of_the_device()
    {
        using SmallModel small = new();
        TrainingJob rarely = Job(small, "rarely"), often = Job(small, "often");
        rarely = rarely with { Options = rarely.Options with { SaveEvery = Steps } };
        often = often with { Options = often.Options with { SaveEvery = 1 } };
        double withOne = TrainOnSlowLink(rarely), withAll = TrainOnSlowLink(often);
        double step = withOne / Steps, save = (withAll - withOne) / (Steps - 1);
        Assert.InRange(save, 0, step / 20);

        // The parameters alone would occupy the link for longer than a step.
        static double TrainOnSlowLink(TrainingJob job)
        {
            SimulatedDevice device = new() { TimePerByte = SimulatedDevice.OperationTime / 50 };
            Train(job, device);
            return device.DeviceTime;
        }
    }

    [Theory]
    [InlineData(SavedStep)]
    [InlineData(Steps)]
    public void A_checkpoint_that_cannot_be_written_ends_the_run_with_the_error(int failing)
    {
        using SmallModel small = new();
        TrainingJob job = Job(small, "run");
        const string message = "the disk is full";
        int saved = 0;
        SimulatedDevice device = new()
        {
            // The counters are small: a file that can be written is in the folder before the next one begins.
            BeforeBackgroundRead = () =>
            {
                saved = Checkpoint.Steps(RunOutput.Checkpoints(job)).Count;
                if (failing == SavedStep || saved == 1) throw new IOException(message);
            },
        };
        Assert.Equal(message, Assert.Throws<IOException>(() => Train(job, device)).Message);
        int[] expected = failing == SavedStep ? [] : [SavedStep];
        Assert.Equal(expected, Checkpoint.Steps(RunOutput.Checkpoints(job)));
        Assert.Empty(Directory.GetFiles(RunOutput.Checkpoints(job), "*" + AtomicFile.TemporarySuffix));
        Assert.False(File.Exists(RunOutput.ModelPath(job)));
    }

    static TrainingJob Job(SmallModel small, string name)
    {
        TrainingJob job = small.Job(name);
        return job with
        {
            EvaluationData = null,
            Options = job.Options with { MaxSteps = Steps, SaveEvery = SavedStep },
        };
    }

    static void Train(TrainingJob job, SimulatedDevice device, Action<TrainingProgress>? progress = null)
    {
        using (device)
        using (Trainer trainer = Trainer.Open(job, device)) trainer.Run(progress);
    }

    static byte[] ReadCheckpoint(TrainingJob job, int step) =>
        File.ReadAllBytes(Checkpoint.PathOf(RunOutput.Checkpoints(job), step));
}

using System.Text;
using System.Text.Json;
using EsimCse.Core.Training;
using EsimCse.Reports.Events;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Reports.Events;

public class EventFilesTests
{
    [Fact]
    public void The_readers_checksum_is_the_published_one() =>
        Assert.Equal(0xE3069283, EventReader.Crc32C(Encoding.ASCII.GetBytes("123456789")));

    [Fact]
    public void Every_number_of_the_metrics_is_a_scalar()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        long before = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Train(job);
        ReadEvent[] events = Events(job);
        Assert.Equal("brain.Event:2", events[0].Version);
        AssertScalarsAreTheMetrics(job, events);
        Assert.All(events, read => Assert.InRange(read.Time, before, before + 600));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    [InlineData(13)]
    public void A_resumed_run_has_each_step_once(int stopAfter)
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => Train(job, stopAfter, stop));
        TrainingJob resumed = job with { Resume = true };
        Train(resumed);
        ReadEvent[] events = Events(job);
        AssertScalarsAreTheMetrics(job, events);
        ReadEvent start = Assert.Single(events, read => read.StartsSession);
        Assert.Equal(stopAfter + 1, start.Step);
        Train(resumed);
        Assert.Equal(events.Length, Events(job).Length);
    }

    [Fact]
    public void Events_after_the_checkpoint_and_broken_ones_are_removed()
    {
        using SmallModel small = new();
        string output = small.In("run");
        Write(output, 0, 1, 2, 3, 4, 5, 300, 301);
        string first = Directory.GetFiles(small.In("run", "tensorboard")).Single();
        File.AppendAllText(first, "a record that a killed process left");
        Write(output, 301, 302);
        Write(output, 4, 5);
        Assert.Equal([0, 1, 2, 3, 4, 5], Steps(output));
        Assert.Equal(2, Directory.GetFiles(small.In("run", "tensorboard")).Length);
        Write(output, 0, 1);
        Assert.Equal([0, 1], Steps(output));
    }

    [Fact]
    public void A_run_that_replaces_another_leaves_none_of_its_events()
    {
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        Train(job);
        string foreign = small.In("run", "tensorboard", "events.out.tfevents.123.host");
        File.WriteAllText(foreign, "");
        SmallModel.Train(job with { Overwrite = true });
        Assert.Equal([foreign], Directory.GetFiles(small.In("run", "tensorboard")));
    }

    [Fact]
    public void Scores_that_are_not_finite_are_left_out()
    {
        using SmallModel small = new();
        using (EventFiles files = new(small.In("run")))
            files.Write(new(0, 1, 0, 0, TimeSpan.Zero, null, null) { Evaluation = new(0.5, double.NaN, -1) });
        ReadEvent read = EventReader.ReadFolder(small.In("run", "tensorboard"))[^1];
        Assert.Equal(["stsb_dev", "uniformity"], read.Scalars.Keys);
    }

    static void Train(TrainingJob job, int stopAfter = -1, CancellationTokenSource? stop = null)
    {
        using EventFiles files = new(job.Output);
        SmallModel.Train(job, progress: Write, cancellation: stop?.Token ?? default);

        void Write(TrainingProgress progress)
        {
            files.Write(progress);
            if (progress.Step == stopAfter) stop!.Cancel();
        }
    }

    /// <summary>Writes the events of a start of a run.</summary>
    static void Write(string output, params int[] steps)
    {
        using EventFiles files = new(output);
        foreach (int step in steps)
            files.Write(new(step, 400, 0, 0, TimeSpan.Zero, null, null) { Metrics = new(step, 1, 2, 3) });
    }

    static ReadEvent[] Events(TrainingJob job) => EventReader.ReadFolder(Path.Combine(job.Output, "tensorboard"));

    static IEnumerable<long> Steps(string output)
    {
        ReadEvent[] events = EventReader.ReadFolder(Path.Combine(output, "tensorboard"));
        return events.Where(read => read.Scalars.Count > 0).Select(read => read.Step);
    }

    static void AssertScalarsAreTheMetrics(TrainingJob job, ReadEvent[] events)
    {
        ReadEvent[] scalars = [.. events.Where(read => read.Scalars.Count > 0)];
        string[] lines = File.ReadAllLines(Path.Combine(job.Output, "metrics.jsonl"));
        Assert.Equal(lines.Length, scalars.Length);
        foreach ((string line, ReadEvent read) in lines.Zip(scalars))
        {
            Dictionary<string, float> numbers = JsonSerializer.Deserialize<Dictionary<string, float>>(line)!;
            Assert.True(numbers.Remove("step", out float step));
            Assert.Equal(step, read.Step);
            Assert.Equal(numbers, read.Scalars);
        }
    }
}

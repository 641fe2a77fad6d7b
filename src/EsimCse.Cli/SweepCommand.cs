using System.CommandLine;
using EsimCse.Core.Training;
using EsimCse.Reports;
using EsimCseNative;

namespace EsimCse.Cli;

/// <summary>
/// The command <c>sweep</c>: trains every combination of options in a folder of its own, and reports on all of them.
/// </summary>
static class SweepCommand
{
    public static Command Create()
    {
        TrainCommand train = new();
        Option<string> grid = new("--grid")
        {
            Description = "Values of training options, as in \"queue-size=0,160;repetition=none,subword\".",
            Required = true,
        };
        Option<string?> seeds = new("--seeds") { Description = "Seeds of every combination, as in 1,2,3." };
        Command command = new(
            "sweep",
            "Trains every combination of options; started again, it goes on where it stopped. Ends with the report.");
        train.AddTo(command);
        command.Add(grid);
        command.Add(seeds);
        Func<ParseResult, DeviceChoice> device = command.AddDevice(training: true);
        command.OnRun((parsed, stop) =>
        {
            TrainingJob job = train.Read(parsed, stop);
            IReadOnlyList<(string Name, TrainingOptions Options)> runs = SweepGrid.Combine(
                parsed.GetValue(grid)!, parsed.GetValue(seeds), job.Options, train.GivenOptions(parsed));
            TrainingJob[] jobs = [.. runs.Select(run => job with
            {
                Output = Path.Combine(job.Output, run.Name),
                Options = run.Options,
                Resume = !job.Overwrite,
            })];
            Run(jobs, device(parsed), train.WritesEvents(parsed), stop);
            string report = Path.Combine(job.Output, ReportCommand.FileName);
            ReportPage.Write(jobs.Select(one => one.Output), report);
            Console.WriteLine($"{report}: the report of {jobs.Length} runs");
        });
        return command;
    }

    static void Run(TrainingJob[] jobs, DeviceChoice device, bool writesEvents, CancellationToken stop)
    {
        for (int i = 0; i < jobs.Length; i++)
        {
            stop.ThrowIfCancellationRequested();
            Console.Error.WriteLine($"run {i + 1} of {jobs.Length}: {jobs[i].Output}");
            TrainCommand.Run(jobs[i], device, writesEvents, stop);
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

/// <summary>
/// The files that show how launchers drive embed, run by the launchers themselves where they are installed. Merged
/// output is compared with that of one process.
/// </summary>
public sealed partial class LaunchFileTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    const int Rows = 1234;


    static string Launch(string name)
    {
        Repository.Require();
        return Repository.File("src", "EsimCse.Cli", "launch", name);
    }

    string Input
    {
        get
        {
            string path = model.In("texts.txt");
            string[] words = ["the", "a", "cat", "dogs", "old", "tree", "."];
            if (!File.Exists(path)) File.WriteAllLines(path, Enumerable.Range(0, Rows).Select(Line));
            return path;

            string Line(int row) =>
                string.Join(' ', Enumerable.Range(0, 1 + row % 8).Select(i => words[(row + i) % words.Length]));
        }
    }

    /// <summary>Runs a program with esimcse on the path and returns what it prints.</summary>
    string Run(string program, string[] arguments, string input = "", params (string Name, string Value)[] variables)
    {
        string path = program == "esimcse" ? Path.Combine(CreateTool(), program) : program;
        ProcessStartInfo start = new(path, arguments) { WorkingDirectory = model.Folder };
        start.Environment["PATH"] = $"{CreateTool()}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["CHUNK_ROWS"] = "100";
        // Open MPI refuses root otherwise, which containers of CI are.
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        foreach ((string name, string value) in variables) start.Environment[name] = value;
        (int code, string output, string error) = ChildProcess.Run(start, input);
        Assert.True(code == 0, error);
        return output;
    }

    /// <summary>Writes a script esimcse that runs the tool, and returns its folder.</summary>
    string CreateTool()
    {
        string folder = Directory.CreateDirectory(model.In("bin")).FullName;
        string script = Path.Combine(folder, "esimcse");
        string command = string.Join(' ', Tool.Command.Select(part => $"'{part}'"));
        if (File.Exists(script)) return folder;
        File.WriteAllText(script, $"#!/bin/sh\nexec {command} \"$@\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return folder;
    }

    static void Require(string command)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        bool isInstalled = folders.Any(folder => File.Exists(Path.Combine(folder, command)));
        Assert.SkipUnless(isInstalled, $"{command} is not installed");
    }

    static void RequireSlurm()
    {
        Require("srun");
        using Process info = Process.Start(new ProcessStartInfo("sinfo", ["--noheader"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        bool isUp = info.WaitForExit(TimeSpan.FromSeconds(10)) && info.ExitCode == 0;
        Assert.SkipUnless(isUp, "no Slurm cluster answers");
    }

    byte[] Whole()
    {
        string path = model.In("whole.npy");
        if (!File.Exists(path)) Run("esimcse", ["embed", model.Run, Input, "--output", path]);
        return File.ReadAllBytes(path);
    }

    string[] Lines() => Run("esimcse", ["embed", model.Run, Input]).TrimEnd('\n').Split('\n');

    void AssertMerged(string folder)
    {
        Assert.Equal(13, Directory.GetFiles(model.In(folder), "part-*.npy").Length);
        string merged = model.In(folder + "-merged.npy");
        Run("esimcse", ["merge", model.In(folder), "--output", merged]);
        Assert.Equal(Whole(), File.ReadAllBytes(merged));
    }

    [Fact]
    public void Open_MPI_s_ranks_are_shards()
    {
        Require("mpirun");
        Run("bash", [Launch("mpirun.sh"), "2", model.Run, model.In("mpi"), Input]);
        Assert.Equal(Whole(), File.ReadAllBytes(model.In("mpi.npy")));
        AssertMerged("mpi");
    }

    [Fact]
    public void The_tasks_of_a_Slurm_job_are_shards()
    {
        RequireSlurm();
        string[] job = [Launch("srun.sh"), model.Run, model.In("srun"), Input];
        Run("sbatch", ["--wait", "--ntasks=2", "--output=srun.log", .. job]);
        Assert.Equal(Whole(), File.ReadAllBytes(model.In("srun.npy")));
        AssertMerged("srun");
    }

    [Fact]
    public void The_tasks_of_a_Slurm_array_are_shards()
    {
        RequireSlurm();
        string[] job = [Launch("slurm-array.sh"), model.Run, model.In("array"), Input];
        Run("sbatch", ["--wait", "--array=1-5:2", "--output=array-%a.log", .. job]);
        AssertMerged("array");
    }

    [Fact]
    public void The_pods_of_an_indexed_job_of_Kubernetes_are_shards()
    {
        string file = File.ReadAllText(Launch("kubernetes-job.yaml"));
        string count = Completions().Match(file).Groups[1].Value;
        Assert.Equal(count, Shards().Match(file).Groups[1].Value);
        int pods = int.Parse(count, CultureInfo.InvariantCulture);
        File.Copy(Input, model.In("data-texts.txt"));
        string[] command =
        [
            .. List("command").Concat(List("args")).Select(word => word
                .Replace("/data/model", model.Run, StringComparison.Ordinal)
                .Replace("/data/", model.In("data-"), StringComparison.Ordinal)),
        ];
        command[Array.IndexOf(command, "--chunk-rows") + 1] = "100";
        for (int pod = 0; pod < pods; pod++)
            Run(command[0], command[1..], "", ("JOB_COMPLETION_INDEX", $"{pod}"), ("ESIMCSE_SHARDS", $"{pods}"));
        AssertMerged("data-vectors");

        string[] List(string key) =>
            [.. Regex.Match(file, $@"\b{key}: \[(.*)\]").Groups[1].Value.Split(", ").Select(word => word.Trim('"'))];
    }

    [Fact]
    public void GNU_parallel_keeps_the_order_of_lines()
    {
        Require("parallel");
        string output = Run("bash", [Launch("parallel.sh"), model.Run], File.ReadAllText(Input), ("BLOCK", "5k"));
        Assert.Equal(Lines(), output.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void Spark_s_pipe_gets_a_line_for_each_line()
    {
        Require("python3");
        string script = Launch("spark-pipe.py");
        string standIn = Directory.CreateDirectory(model.In("stand-in")).FullName;
        string source = Repository.File("tests", "EsimCse.Tests", "Support", "pyspark.py");
        File.Copy(source, Path.Combine(standIn, "pyspark.py"));
        Run("python3", [script, model.Run, Input, model.In("spark")], "", ("PYTHONPATH", standIn));
        string[] parts = [.. Directory.GetFiles(model.In("spark")).Order()];
        Assert.Equal(3, parts.Length);
        Assert.Equal(Lines(), parts.SelectMany(File.ReadAllLines));
    }

    [GeneratedRegex(@"completions: (\d+)")]
    private static partial Regex Completions();

    [GeneratedRegex(@"ESIMCSE_SHARDS, value: ""(\d+)""")]
    private static partial Regex Shards();
}

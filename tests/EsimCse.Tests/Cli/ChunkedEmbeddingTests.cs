using System.Diagnostics;
using EsimCse.Core.Files;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

/// <summary>Jobs in parts, interrupted in every way, through the tool.</summary>
public class ChunkedEmbeddingTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    const int ChunkRows = 100;

    /// <summary>The exit code of a process that SIGKILL ended.</summary>
    const int SigKill = 128 + 9;

    static readonly string[] Words = ["the", "a", "cat", "dogs", "old", "tree", "."];

    /// <summary>Writes rows of jsonl, each with an id, and returns the file.</summary>
    string WriteInput(string name, int rows)
    {
        string path = model.In(name);
        File.WriteAllLines(path, Enumerable.Range(0, rows).Select(Row));
        return path;
    }

    static string Row(int row)
    {
        IEnumerable<string> words = Enumerable.Range(0, 1 + row % 9).Select(i => Words[(row + i * i) % Words.Length]);
        return $$"""{"id":{{row}},"text":"{{string.Join(' ', words)}}"}""";
    }

    string[] Command(string folder, string input, string format = "npy", params string[] options) =>
    [
        "embed", model.Run, input, "--output", model.In(folder) + "/", "--format", format,
        "--chunk-rows", $"{ChunkRows}", "--device", "cpu", .. options,
    ];

    static string Run(int expected, params string[] command)
    {
        (int code, _, string error) = Tool.Run("", command);
        Assert.True(code == expected, $"found {code}: {error}");
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        return error;
    }

    /// <summary>Asserts that two folders hold the same files with the same bytes.</summary>
    void AssertSame(string expected, string actual)
    {
        string[] names = [.. Directory.GetFiles(model.In(expected)).Select(Path.GetFileName).Order()!];
        Assert.Equal(names, Directory.GetFiles(model.In(actual)).Select(Path.GetFileName).Order()!);
        foreach (string name in names)
            Assert.Equal(File.ReadAllBytes(model.In(expected, name)), File.ReadAllBytes(model.In(actual, name)));
    }

    [Theory]
    [InlineData("jsonl", "--keep", "id,row")]
    [InlineData("csv", "--keep", "row,id")]
    [InlineData("npy", "--output-type", "int8")]
    [InlineData("parquet", "--keep", "id,row")]
    [InlineData("arrow", "--keep", "row,id", "--output-type", "fp16")]
    public void Merged_shards_are_the_file_of_one_process(string format, params string[] options)
    {
        string input = WriteInput($"shards-{format}.jsonl", 1030);
        string whole = model.In($"whole.{format}"), merged = model.In($"merged.{format}");
        Run(0, ["embed", model.Run, input, "--output", whole, .. options]);
        string[] folders = [.. Enumerable.Range(0, 3).Select(shard => $"shard-{shard}-{format}")];
        foreach ((int shard, string folder) in folders.Index())
            Run(0, Command(folder, input, format, ["--shard", $"{shard}/3", .. options]));
        Run(0, ["merge", .. folders.Select(folder => model.In(folder)), "--output", merged]);
        Assert.Equal(File.ReadAllBytes(whole), File.ReadAllBytes(merged));
        Assert.Contains("1 of 11 parts are missing", MergeWithout("part-00007"), StringComparison.Ordinal);

        string MergeWithout(string part)
        {
            string manifest = model.In(folders[1], "manifest.json");
            string text = File.ReadAllText(manifest);
            int start = text.IndexOf("    {\n      \"file\": \"" + part, StringComparison.Ordinal);
            int end = text.IndexOf('}', start);
            File.WriteAllText(manifest, text.Remove(start, end - start + 3));
            return Run(3, ["merge", .. folders.Select(folder => model.In(folder)), "--output", merged]);
        }
    }

    [Fact]
    public Task A_job_killed_now_and_then_ends_with_the_bytes_of_one_that_was_not() => KillAndResume("few", kills: 4);

    [Fact]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public Task A_job_killed_a_hundred_times_ends_with_the_bytes_of_one_that_was_not() =>
        KillAndResume("many", kills: 100);

    async Task KillAndResume(string name, int kills)
    {
        const int parts = 60;
        string input = WriteInput($"{name}.jsonl", parts * ChunkRows);
        string[] options = ["--keep", "row,id"];
        Run(0, Command($"{name}-whole", input, "jsonl", options));
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        Random random = new(seed);
        string folder = $"{name}-killed";
        Directory.CreateDirectory(model.In(folder));
        int interrupted = 0;
        for (int kill = 0; kill < kills; kill++)
        {
            // At least a third of the parts are still to do when the first of them is written.
            int first = random.Next(parts * 2 / 3);
            for (int part = first; part < parts; part++) File.Delete(Part(part));
            using ChildProcess process = Tool.Start(Command(folder, input, "jsonl", options));
            await Tool.WaitUntil(process, () => File.Exists(Part(first)), "its first part");
            await Task.Delay(random.Next(20));
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            if (process.ExitCode == SigKill) interrupted++;
        }
        Assert.True(interrupted > 0, "no kill fell into the work");
        Run(0, Command(folder, input, "jsonl", options));
        AssertSame($"{name}-whole", folder);

        string Part(int part) => model.In(folder, $"part-{part:D5}.jsonl");
    }

    [Fact]
    public async Task SIGTERM_ends_the_job_after_the_part_and_the_next_run_does_the_rest()
    {
        string input = WriteInput("term.jsonl", 300 * ChunkRows);
        Run(0, Command("term-whole", input));
        using Process process = Tool.Start(Command("term", input));
        await Tool.WaitUntil(process, () => File.Exists(model.In("term", "part-00002.npy")), "its third part");
        using Process kill = Process.Start("kill", [$"{process.Id}"]);
        string error = await process.StandardError.ReadToEndAsync();
        Assert.Equal(143, await Tool.WaitForExit(process, "SIGTERM"));
        Assert.Contains("stopping after this part", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(model.In("term"), "*" + AtomicFile.TemporarySuffix));
        Assert.False(File.Exists(model.In("term", "part-00299.npy")));
        Run(0, Command("term", input));
        AssertSame("term-whole", "term");
    }

    [Fact]
    public void A_bad_row_in_the_middle_keeps_the_parts_before_it()
    {
        string input = WriteInput("bad.jsonl", 2000);
        Run(0, Command("bad-whole", input));
        string[] lines = File.ReadAllLines(input);
        string good = lines[1500];
        lines[1500] = new string('?', good.Length);
        File.WriteAllLines(input, lines);
        string error = Run(3, Command("bad", input));
        Assert.Contains($"{input}, line 1501: not valid JSON", error, StringComparison.Ordinal);
        Assert.True(File.Exists(model.In("bad", "part-00005.npy")));
        lines[1500] = good;
        File.WriteAllLines(input, lines);
        Run(0, Command("bad", input));
        AssertSame("bad-whole", "bad");
    }

    [Fact]
    public async Task An_input_that_vanishes_keeps_the_parts_before_it()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/mkfifo"), "there is no mkfifo");
        string pipe = model.In("vanish.fifo"), second = WriteInput("vanish.jsonl", 150);
        using (Process mkfifo = Process.Start("mkfifo", [pipe])) await mkfifo.WaitForExitAsync();
        string[] command = Command("vanish", pipe, "npy", second);
        string[] first = [.. Enumerable.Range(0, 950).Select(i => $"the {i} cat")];
        Assert.Equal(0, await Feed(Command("vanish-whole", pipe, "npy", second), first, () => { }));
        int code = await Feed(command, first, () => File.Delete(second));
        Assert.Equal(3, code);
        WriteInput("vanish.jsonl", 150);
        Assert.Equal(0, await Feed(command, first, () => { }));
        AssertSame("vanish-whole", "vanish");

        async Task<int> Feed(string[] arguments, string[] lines, Action afterwards)
        {
            using Process process = Tool.Start(arguments);
            await Task.Run(() =>
            {
                using StreamWriter writer = new(pipe);
                foreach (string line in lines) writer.WriteLine(line);
                writer.Flush();
                afterwards();
            });
            return await Tool.WaitForExit(process, "the end of its input");
        }
    }

    [Fact]
    public void A_full_disk_keeps_the_finished_parts()
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "there is no bash");
        string input = WriteInput("full.jsonl", 8000);
        Run(0, Command("full-whole", input));
        // Parts of 6.5 kB fit; the manifest grows past 8 kB.
        const string limited = "trap '' XFSZ; ulimit -f 8; export DOTNET_EnableWriteXorExecute=0; exec \"$@\"";
        using ChildProcess process = Tool.Start(
            "/bin/bash", ["-c", limited, "bash", .. Tool.Command, .. Command("full", input)]);
        (int code, _, string error) = process.Finish();
        Assert.True(code == 1, error);
        Assert.Contains("esimcse: " + model.In("full"), error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(model.In("full"), "*" + AtomicFile.TemporarySuffix));
        Assert.NotEmpty(Directory.GetFiles(model.In("full"), "part-*"));
        Run(0, Command("full", input));
        AssertSame("full-whole", "full");
    }

    [Fact]
    public void Another_job_in_the_folder_is_refused_unless_it_is_overwritten()
    {
        string input = WriteInput("other.jsonl", 250);
        Run(0, Command("other", input));
        string error = Run(2, Command("other", input, "npy", "--normalize", "true"));
        Assert.Contains("manifest.json: found normalize false, this run has true", error, StringComparison.Ordinal);
        error = Run(2, Command("other", WriteInput("other.jsonl", 251)));
        Assert.Contains("found inputs", error, StringComparison.Ordinal);
        Run(0, Command("other", input, "csv", "--overwrite"));
        Assert.Equal(4, Directory.GetFiles(model.In("other")).Length);
        File.WriteAllText(model.In("other", "manifest.json"), "{}");
        Run(3, Command("other", input, "csv"));
    }

    [Theory]
    [InlineData("d/", "which needs --chunk-rows N", "--format", "npy")]
    [InlineData("d/", "which needs --format F", "--chunk-rows", "5")]
    [InlineData("v.npy", "--chunk-rows 5: --output: found", "--chunk-rows", "5")]
    [InlineData("v.npy", "--shard 0/2: --output: found", "--shard", "0/2")]
    [InlineData("d/", "--format: found exe, expected npy, jsonl", "--chunk-rows", "5", "--format", "exe")]
    [InlineData("d/", "--shard: found 2/2, expected I/N", "--chunk-rows", "5", "--format", "npy", "--shard", "2/2")]
    [InlineData("d/", "--output-type int8: found .csv, expected .npy or .safetensors as --format",
        "--chunk-rows", "5", "--format", "csv", "--output-type", "int8")]
    [InlineData("d/", "int8: found standard input",
        "--chunk-rows", "5", "--format", "npy", "--output-type", "int8")]
    [InlineData("run/..", "holds the input", "corpus.txt", "--chunk-rows", "5", "--format", "npy")]
    public void Options_that_do_not_go_together_are_usage_errors(
        string target, string message, params string[] options)
    {
        options = [.. options.Select(option => option == "corpus.txt" ? model.In(option) : option)];
        string error = Run(2, ["embed", model.Run, .. options, "--output", model.In(target)]);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(model.In("d")));
    }

    [Fact]
    public void The_output_of_merge_has_the_parts_format_and_a_folder_of_its_own()
    {
        Run(0, Command("merge", WriteInput("merge.jsonl", 10)));
        string error = Run(2, "merge", model.In("merge"), "--output", model.In("merged.csv"));
        Assert.Contains("found .csv, expected .npy as the parts", error, StringComparison.Ordinal);
        Run(2, "merge", model.In("merge"), "--output", model.In("merge", "v.npy"));
        Run(3, "merge", model.In("merge"), "--output", model.In("missing", "v.npy"));
        Run(3, "merge", model.In("missing"), "--output", model.In("merged.npy"));
    }
}

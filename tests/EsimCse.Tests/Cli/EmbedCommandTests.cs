using System.Diagnostics;
using System.Runtime.InteropServices;
using EsimCse.Core.Files;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public class EmbedCommandTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    const int Dimension = 16;
    const int NpyHeaderBytes = 128;

    /// <summary>Limit for a line of output; far above the time that it takes.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Fact]
    public void Each_line_of_standard_input_gives_a_JSON_array()
    {
        (int code, string output, string error) = Tool.Run("\uFEFFthe cat\r\n\na\u2028dog\n", "embed", model.Run);
        Assert.True(code == 0, error);
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.All(lines, line => Assert.Equal(Dimension, line.Trim('[', ']').Split(',').Length));
    }

    [Fact]
    public void A_npy_file_holds_a_header_and_the_rows()
    {
        string target = model.In("rows.npy");
        Assert.Equal(0, Tool.Run("the cat\n\na dog\n", "embed", model.Run, "--output", target).Code);
        Assert.Equal(NpyHeaderBytes + 3 * Dimension * sizeof(float), new FileInfo(target).Length);
        string empty = model.In("empty.npy");
        Assert.Equal(0, Tool.Run("", "embed", model.Run, "--output", empty).Code);
        Assert.Contains("(0, 16)", File.ReadAllText(empty), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_of_a_megabyte_is_truncated_and_counted()
    {
        string text = model.In("long.txt");
        File.WriteAllText(text, string.Concat(Enumerable.Repeat("the cat ", 150_000)) + "\nthe cat\n");
        (int code, string output, string error) = Tool.Run("", "embed", model.Run, text);
        Assert.Equal((0, 2), (code, output.Count(c => c == '\n')));
        Assert.Contains("1 sentences were longer", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Invalid_text_is_named_by_its_line_and_leaves_no_file()
    {
        string text = model.In("invalid.txt");
        File.WriteAllBytes(text, [.. "the cat\n"u8, 0xFF, (byte)'\n']);
        (int code, _, string error) = Tool.Run("", "embed", model.Run, text, "--output", model.In("invalid.npy"));
        Assert.Equal(3, code);
        Assert.Contains("line 2", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(model.Folder, "invalid.npy*"));
    }

    [Fact]
    public void A_vector_that_is_not_finite_is_named_by_its_line()
    {
        using SavedModel saved = new();
        saved.ChangeTensors(tensors => tensors.Select(MakeTreeOverflow));
        IEnumerable<string> lines =
            Enumerable.Range(1, 3000).Select(line => line == 2900 ? "the old tree" : "the old cat");
        File.WriteAllLines(saved.In("text.txt"), lines);
        (int code, _, string error) =
            Tool.Run("", "embed", saved.Folder, saved.In("text.txt"), "--output", saved.In("v.npy"));
        Assert.Equal(3, code);
        Assert.Contains("line 2900", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(saved.Folder, "v.npy*"));
    }

    [Fact]
    public void A_vector_that_is_not_finite_is_named_by_the_line_of_its_row()
    {
        using SavedModel saved = new();
        saved.ChangeTensors(tensors => tensors.Select(MakeTreeOverflow));
        string csv = saved.In("text.csv");
        File.WriteAllText(csv, "text\r\n\"the\r\ncat\"\r\n\r\nthe tree\r\n");
        (int code, _, string error) = Tool.Run("", "embed", saved.Folder, csv);
        Assert.Equal(3, code);
        Assert.Contains($"{csv}, line 5: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_inputs_are_one_text_and_errors_name_the_file()
    {
        string csv = model.In("one.csv"), text = model.In("two.txt");
        File.WriteAllText(csv, "text\nthe cat\n");
        File.WriteAllText(text, "a dog\n");
        (int code, string output, string error) = Tool.Run("", "embed", model.Run, text, csv, text);
        Assert.True(code == 0, error);
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Equal(lines[0], lines[2]);
        Assert.NotEqual(lines[0], lines[1]);
        File.WriteAllBytes(text, [.. "the cat\n"u8, 0xFF]);
        (code, _, error) = Tool.Run("", "embed", model.Run, csv, text);
        Assert.Equal(3, code);
        Assert.Contains($"{text}, line 2: ", error, StringComparison.Ordinal);
        Assert.Equal(2, Tool.Run("", "embed", model.Run, "-", text).Code);
    }

    /// <summary>Gives the word 'tree' a finite embedding whose sums exceed the range of fp32.</summary>
    static TensorToWrite MakeTreeOverflow(TensorToWrite tensor)
    {
        const int tree = 15;
        if (tensor.Name != "embeddings.word_embeddings.weight") return tensor;
        float[] words = MemoryMarshal.Cast<byte, float>(tensor.Data().Span).ToArray();
        words.AsSpan(tree * Dimension, Dimension).Fill(3e38f);
        words[tree * Dimension] = -3e38f;
        return TensorToWrite.Floats(tensor.Name, tensor.Shape, () => words);
    }

    [Theory]
    [InlineData("named.csv", "title,body\na,b\n", 2, "'title', 'body'")]
    [InlineData("named.txt", "a\n", 2, "--column body", "--column", "body")]
    [InlineData("named.jsonl", "{\"body\":\"a\"}\n{}\n", 3, "named.jsonl, line 2", "--column", "body")]
    [InlineData("named.json", "[{\"body\":\"a\"},\n\"\\ud800\"]", 3, "named.json, line 2")]
    public void A_file_that_cannot_be_read_as_asked_leaves_the_earlier_output(
        string name, string text, int expected, string message, params string[] options)
    {
        string input = model.In(name);
        string output = model.In("earlier.npy");
        File.WriteAllText(input, text);
        File.WriteAllText(output, "earlier");
        (int code, _, string error) = Tool.Run("", ["embed", model.Run, input, "--output", output, .. options]);
        Assert.True(code == expected, error);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Equal("earlier", File.ReadAllText(output));
        Assert.Single(Directory.GetFiles(model.Folder, "earlier.npy*"));
    }

    [Fact]
    public void Carriage_returns_in_lines_are_remarked()
    {
        (int code, string output, string error) = Tool.Run("the cat\ra dog\r\n", "embed", model.Run);
        Assert.Equal((0, 1), (code, output.Count(c => c == '\n')));
        Assert.Contains("standard input: 1 carriage return (CR) inside lines", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_is_answered_while_standard_input_stays_open()
    {
        using Process process = Tool.Start("embed", model.Run, "-");
        for (int line = 0; line < 3; line++)
        {
            process.StandardInput.Write("the cat\n");
            process.StandardInput.Flush();
            string? answer = await process.StandardOutput.ReadLineAsync().WaitAsync(Limit);
            Assert.StartsWith("[", answer, StringComparison.Ordinal);
        }
        process.StandardInput.Close();
        Assert.Equal(0, await Tool.WaitForExit(process, "the end of its input"));
    }

    [Fact]
    public async Task The_second_of_two_runs_on_one_output_ends_with_1_and_the_first_goes_on()
    {
        string output = model.In("shared.npy");
        string temporary = output + AtomicFile.TemporarySuffix;
        using Process first = Tool.Start("embed", model.Run, "-", "--output", output);
        await Tool.WaitUntil(first, () => File.Exists(temporary), "its temporary file");
        (int code, _, string error) = Tool.Run("a dog\na dog\n", "embed", model.Run, "--output", output);
        Assert.Equal(1, code);
        Assert.Contains($"{output}: in use", error, StringComparison.Ordinal);
        first.StandardInput.Write("the cat\n");
        first.StandardInput.Close();
        Assert.Equal(0, await Tool.WaitForExit(first, "the end of its input"));
        Assert.Equal(NpyHeaderBytes + Dimension * sizeof(float), new FileInfo(output).Length);
        Assert.False(File.Exists(temporary));
    }

    [Fact]
    public async Task The_leftover_of_a_killed_run_is_taken_over()
    {
        string output = model.In("killed.npy");
        string temporary = output + AtomicFile.TemporarySuffix;
        using Process killed = Tool.Start("embed", model.Run, "-", "--output", output);
        await Tool.WaitUntil(killed, () => File.Exists(temporary), "its temporary file");
        killed.Kill();
        await Tool.WaitForExit(killed, "the kill");
        Assert.True(File.Exists(temporary));
        Assert.Equal(0, Tool.Run("the cat\n", "embed", model.Run, "--output", output).Code);
        Assert.Equal([output], Directory.GetFiles(model.Folder, "killed.npy*"));
    }

    [Fact]
    public void A_full_disk_leaves_the_earlier_file()
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "there is no bash");
        string input = model.In("many.txt");
        string output = model.In("full.npy");
        File.WriteAllLines(input, Enumerable.Repeat("the cat", 3000));
        File.WriteAllText(output, "earlier");
        // The runtime's own mappings count as files unless W^X is off.
        const string limited = "trap '' XFSZ; ulimit -f 20; export DOTNET_EnableWriteXorExecute=0; exec \"$@\"";
        string[] embed = ["embed", model.Run, input, "--output", output];
        using ChildProcess process = Tool.Start("/bin/bash", ["-c", limited, "bash", .. Tool.Command, .. embed]);
        (int code, _, string error) = process.Finish();
        Assert.True(code == 1, error);
        Assert.Contains(output, error, StringComparison.Ordinal);
        Assert.Equal("earlier", File.ReadAllText(output));
        Assert.Equal([output], Directory.GetFiles(model.Folder, "full.npy*"));
    }

    [Fact]
    public void A_length_beyond_the_positions_is_a_usage_error()
    {
        (int code, _, string error) = Tool.Run("", "embed", model.Run, "--max-length", "41");
        Assert.Equal(2, code);
        Assert.Contains("length 41, expected 2 … 40", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_folder_of_the_output_is_named()
    {
        (int code, _, string error) = Tool.Run("", "embed", model.Run, "--output", model.In("missing", "v.npy"));
        Assert.Equal(3, code);
        Assert.Contains(model.In("missing"), error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_fails_with_one_line()
    {
        (int code, string error) = Tool.RunOnFullDisk("embed", model.Run, model.In("corpus.txt"));
        Assert.True(code == 1, $"found {code}: {error}");
        Assert.Contains("esimcse: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}

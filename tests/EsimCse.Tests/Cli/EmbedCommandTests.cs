using System.Diagnostics;
using System.Runtime.InteropServices;
using EsimCse.Core.Files;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public class EmbedCommandTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    const int Dimension = 16;
    const int NpyHeaderBytes = 128;

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
    public async Task A_line_is_answered_while_standard_input_stays_open()
    {
        using Process process = Tool.Start("embed", model.Run);
        process.StandardInput.Write("the cat\n");
        process.StandardInput.Flush();
        Task<string?> answer = process.StandardOutput.ReadLineAsync();
        Assert.StartsWith("[", await answer.WaitAsync(TimeSpan.FromMinutes(1)), StringComparison.Ordinal);
        process.StandardInput.Write("a dog\n");
        process.StandardInput.Close();
        Assert.StartsWith("[", await process.StandardOutput.ReadToEndAsync(), StringComparison.Ordinal);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public void An_output_that_is_the_input_is_refused()
    {
        string text = model.In("texts.jsonl");
        File.WriteAllText(text, "\"the cat\"\n");
        File.CreateSymbolicLink(model.In("other.jsonl"), "texts.jsonl");
        foreach (string target in new[] { text, model.In("other.jsonl") })
        {
            (int code, _, string error) = Tool.Run("", "embed", model.Run, text, "--output", target);
            Assert.Equal(2, code);
            Assert.Contains("texts.jsonl", error, StringComparison.Ordinal);
        }
        Assert.Equal("\"the cat\"\n", File.ReadAllText(text));
    }

    [Fact]
    public void A_column_of_standard_input_is_refused()
    {
        (int code, _, string error) = Tool.Run("the cat\n", "embed", model.Run, "--column", "text");
        Assert.Equal(2, code);
        Assert.Contains("--column text", error, StringComparison.Ordinal);
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

using System.Diagnostics;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

public class TrainCommandTests(TrainedModel model) : IClassFixture<TrainedModel>
{
    [Fact]
    public void A_pooling_that_sentence_transformers_lacks_is_reported_once()
    {
        (int code, _, string error) = Tool.Run(
            "", "train", "--from-scratch", model.In("config.json"), "--vocabulary", model.Folder,
            "--data", model.In("corpus.txt"), "--output", model.In("scratch"), "--max-steps", "1",
            "--pooler", "avg_top2");
        Assert.True(code == 0, error);
        Assert.Equal(2, error.Split("avg_top2: sentence-transformers").Length);
    }

    [Fact]
    public void A_line_of_a_megabyte_is_truncated_and_counted()
    {
        string text = model.In("long.txt");
        File.WriteAllText(text, string.Concat(Enumerable.Repeat("the cat ", 150_000)) + "\nthe cat\n");
        (int code, _, string error) = Tool.Run(
            "", "train", model.Run, "--data", text, model.In("corpus.txt"), "--output", model.In("long"),
            "--max-steps", "2", "--batch-size", "4");
        Assert.True(code == 0, error);
        Assert.Contains("1 truncated to 32 tokens", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_second_of_two_runs_on_one_folder_ends_with_1_and_removes_nothing()
    {
        string[] arguments =
        [
            "train", model.Run, "--data", model.In("corpus.txt"), "--output", model.In("shared"),
            "--batch-size", "4", "--threads", "1", "--max-steps",
        ];
        using Process first = Tool.Start([.. arguments, "1000000", "--save-every", "1000000"]);
        _ = first.StandardError.ReadToEndAsync();
        string metrics = model.In("shared", "metrics.jsonl");
        await Tool.WaitUntil(first, () => File.Exists(metrics), "its metrics");
        foreach (string[] extra in (string[][])[["--overwrite"], ["--resume"], []])
        {
            (int code, _, string error) = Tool.Run("", [.. arguments, "2", .. extra]);
            Assert.True(code == 1, error);
            Assert.Contains($"{model.In("shared")}: in use", error, StringComparison.Ordinal);
            Assert.True(File.Exists(metrics));
        }
        Assert.False(first.HasExited);
        first.Kill();
        await Tool.WaitForExit(first, "the kill");
        Assert.Equal(0, Tool.Run("", [.. arguments, "2", "--overwrite"]).Code);
        Assert.Empty(Directory.GetFiles(model.In("shared"), ".*"));
    }

    [Fact]
    public void Columns_train_without_repetition_unless_it_is_asked_for()
    {
        string rows = model.In("rows.tsv");
        File.WriteAllLines(rows, ["a\tb", .. Enumerable.Repeat("the cat sees a dog\tthe old cat sees", 8)]);
        byte[] plain = Train("plain"), none = Train("none", "--repetition", "none");
        Assert.Equal(none, plain);
        Assert.NotEqual(none, Train("subword", "--repetition", "subword", "--repetition-rate", "1"));

        byte[] Train(string output, params string[] more)
        {
            (int code, _, string error) = Tool.Run(
                "", [
                    "train", model.Run, "--data", rows, "--columns", "a,b", "--output", model.In(output),
                    "--batch-size", "4", "--dropout", "0", "--learning-rate", "1e-3", .. more,
                ]);
            Assert.True(code == 0, error);
            return File.ReadAllBytes(model.In(output, "model.safetensors"));
        }
    }

    [Fact]
    public void Remarks_about_the_data_are_printed()
    {
        string text = model.In("remarks.txt");
        File.WriteAllText(text, "the cat\rsees\na dog\nthe old bird\n");
        (int code, _, string error) = Tool.Run(
            "", "train", model.Run, "--data", text, "--output", model.In("remarks"), "--queue-size", "0",
            "--batch-size", "2");
        Assert.True(code == 0, error);
        Assert.Contains("remarks.txt: 1 carriage return (CR)", error, StringComparison.Ordinal);
        Assert.Contains("the last batch of an epoch is one sentence", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("the cat\na dog\n", "1")]
    [InlineData("the cat\n\n", "4")]
    public void Batches_without_negatives_are_refused_before_anything_is_written(string text, string batchSize)
    {
        string data = model.In("single.txt");
        File.WriteAllText(data, text);
        (int code, _, string error) = Tool.Run(
            "", "train", model.Run, "--data", data, "--output", model.In("never"), "--queue-size", "0",
            "--batch-size", batchSize);
        Assert.Equal(2, code);
        Assert.Contains("--batch-size", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(model.In("never")));
    }

    [Theory]
    [InlineData("\n \n")]
    [InlineData("")]
    public void Data_without_sentences_is_refused(string text)
    {
        string data = model.In("blank.txt");
        File.WriteAllText(data, text);
        Assert.Equal(3, Tool.Run("", "train", model.Run, "--data", data, "--output", model.In("never")).Code);
    }
}

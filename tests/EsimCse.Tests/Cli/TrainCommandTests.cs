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

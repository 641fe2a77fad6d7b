using System.Text.Json;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cli;

/// <summary>The options of embed that change the vectors, through the tool.</summary>
public sealed class EmbedOptionsTests : IDisposable
{
    readonly SavedModel _model = new();

    public EmbedOptionsTests() =>
        _model.Merge("config_sentence_transformers.json", """{"prompts": {"query": "a red ", "title": "old "}}""");

    public void Dispose() => _model.Dispose();

    float[] Embed(string text, params string[] options)
    {
        (int code, string output, string error) = Run(text, options);
        Assert.True(code == 0, error);
        return JsonSerializer.Deserialize<float[]>(output)!;
    }

    (int Code, string Output, string Error) Run(string text, params string[] options) =>
        Tool.Run(text + "\n", ["embed", _model.Folder, "--device", "cpu", .. options]);

    [Fact]
    public void Dimensions_are_the_first_columns_normalized_again()
    {
        float[] full = Embed("the cat", "--normalize", "false");
        Assert.Equal(full[..3], Embed("the cat", "--normalize", "false", "--dimensions", "3"));
        float[] three = Embed("the cat", "--normalize", "true", "--dimensions", "3");
        double norm = Math.Sqrt(full.Take(3).Sum(value => (double)value * value));
        for (int i = 0; i < 3; i++) Assert.Equal(full[i] / norm, three[i], 1e-6);
    }

    [Fact]
    public void A_prompt_goes_before_the_text()
    {
        float[] expected = Embed("a red cat");
        Assert.Equal(expected, Embed("cat", "--prompt", "a red "));
        Assert.Equal(expected, Embed("cat", "--prompt-name", "query"));
        Assert.Equal(expected, Embed("a red cat", "--prompt", ""));
    }

    [Theory]
    [InlineData("dimensions 17, expected 1 … 16", "--dimensions", "17")]
    [InlineData("--dimensions: found 0", "--dimensions", "0")]
    [InlineData("'q', expected one of the folder's prompts: query, title", "--prompt-name", "q")]
    [InlineData("expected one of the two", "--prompt-name", "query", "--prompt", "x")]
    public void A_wrong_option_is_a_usage_error(string message, params string[] options)
    {
        (int code, _, string error) = Run("cat", options);
        Assert.True(code == 2, $"found {code}: {error}");
        Assert.Contains(message, error, StringComparison.Ordinal);
    }
}

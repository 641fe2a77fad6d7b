using EsimCse.Core;
using EsimCse.Core.Model.Poolers;
using EsimCse.Tests.Support;
using EsimCseNative;
using Microsoft.Extensions.AI;

namespace EsimCse.Tests.Native;

/// <summary>The dimensions and prompts that a caller chooses in place of the folder's.</summary>
public class EncoderOptionsTests
{
    const string Encoding = "config_sentence_transformers.json";
    const string Prompted = """
        {"prompts": {"query": "a red ", "document": null, "title": "old "}, "default_prompt_name": "title"}
        """;

    static float[] Encode(SavedModel model, string text, EncoderOptions? options = null)
    {
        using SentenceEncoder encoder = OnCpu.Load(model.Folder, options);
        return encoder.Encode(text);
    }

    static string UsageError(SavedModel model, EncoderOptions options) =>
        Assert.Throws<UsageException>(() => OnCpu.Load(model.Folder, options)).Message;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16)]
    public void Dimensions_keep_the_first_columns_normalized_again(int dimensions)
    {
        using SavedModel model = new();
        float[] full = Encode(model, "the cat", new() { Normalize = true });
        using SentenceEncoder encoder = OnCpu.Load(model.Folder, new() { Normalize = true, Dimensions = dimensions });
        double squares = 0;
        for (int i = 0; i < dimensions; i++) squares += (double)full[i] * full[i];
        double[] expected = [.. full.Take(dimensions).Select(value => value / Math.Sqrt(squares))];
        float[] found = encoder.Encode("the cat");
        Assert.Equal(dimensions, found.Length);
        for (int i = 0; i < dimensions; i++) Assert.Equal(expected[i], found[i], 1e-6);
        IEmbeddingGenerator generator = encoder;
        Assert.Equal(dimensions, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions);
    }

    [Fact]
    public void Dimensions_of_vectors_that_are_not_normalized_are_the_first_columns()
    {
        using SavedModel model = new();
        float[] full = Encode(model, "the cat", new() { Normalize = false });
        Assert.Equal(full[..5], Encode(model, "the cat", new() { Normalize = false, Dimensions = 5 }));
    }

    [Fact]
    public void Dimensions_replace_the_folders_truncation()
    {
        using SavedModel model = new();
        float[] full = Encode(model, "the cat", new() { Normalize = true });
        model.Merge(Encoding, """{"truncate_dim": 4}""");
        Assert.Equal(full[..4], Encode(model, "the cat", new() { Normalize = true }));
        Assert.Equal(full, Encode(model, "the cat", new() { Normalize = true, Dimensions = 16 }));
        float[] four = Encode(model, "the cat", new() { Normalize = true, Dimensions = 4 });
        Assert.Equal(1, four.Sum(value => (double)value * value), 1e-6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(17)]
    public void Dimensions_that_vectors_do_not_have_are_refused(int dimensions)
    {
        using SavedModel model = new();
        string expected = $"dimensions {dimensions}, expected 1 … 16, the width of the model's vectors";
        Assert.Equal(expected, UsageError(model, new() { Dimensions = dimensions }));
    }

    [Fact]
    public void A_prompt_goes_before_every_text_in_place_of_the_folders()
    {
        using SavedModel model = new();
        float[] plain = Encode(model, "cat");
        float[] red = Encode(model, "a red cat");
        float[] old = Encode(model, "old cat");
        model.Merge(Encoding, Prompted);
        Assert.Equal(old, Encode(model, "cat"));
        Assert.Equal(plain, Encode(model, "cat", new() { Prompt = "" }));
        Assert.Equal(red, Encode(model, "cat", new() { Prompt = "a red " }));
        Assert.Equal(red, Encode(model, "cat", new() { PromptName = "query" }));
        Assert.Equal(plain, Encode(model, "cat", new() { PromptName = "document" }));
        Assert.Equal(old, Encode(model, "cat", new() { PromptName = "title" }));
        using SentenceEncoder encoder = OnCpu.Load(model.Folder, new() { PromptName = "query" });
        Assert.Equal("a red ", encoder.Prompt);
        Assert.Equal("old ", encoder.Folder.Prompt);
    }

    [Fact]
    public void An_unknown_name_of_a_prompt_is_refused_with_the_known_ones()
    {
        using SavedModel model = new();
        EncoderOptions options = new() { PromptName = "q" };
        Assert.Equal("prompt name 'q', expected none: the folder has no prompts", UsageError(model, options));
        model.Merge(Encoding, Prompted);
        const string expected = "prompt name 'q', expected one of the folder's prompts: query, document, title";
        Assert.Equal(expected, UsageError(model, options));
    }

    [Fact]
    public void A_prompt_and_the_name_of_one_are_refused()
    {
        using SavedModel model = new();
        model.Merge(Encoding, Prompted);
        Assert.Equal(
            "found the prompt 'x' and the prompt name 'query', expected one of the two",
            UsageError(model, new() { Prompt = "x", PromptName = "query" }));
    }

    [Fact]
    public void A_pooling_without_the_prompt_is_refused_where_a_prompt_is_chosen()
    {
        using SavedModel model = new();
        model.Merge("1_Pooling/config.json", """{"include_prompt": false}""");
        model.Merge(Encoding, Prompted);
        Assert.Contains("include_prompt", model.Refusal(new() { Prompt = "a " }), StringComparison.Ordinal);
        Assert.Contains("include_prompt", model.Refusal(new() { PromptName = "query" }), StringComparison.Ordinal);
        model.Vector(new() { Prompt = "" });
        model.Vector(new() { PromptName = "document" });
        model.Vector(new() { Prompt = "a ", Pooler = Pooler.Avg });
    }
}

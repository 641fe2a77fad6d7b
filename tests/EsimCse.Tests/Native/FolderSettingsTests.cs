using EsimCse.Core;
using EsimCse.Core.Model.Poolers;
using EsimCse.Tests.Support;
using EsimCseNative;
using Microsoft.Extensions.AI;

namespace EsimCse.Tests.Native;

/// <summary>Settings of sentence-transformers' folders that act outside the device.</summary>
public class FolderSettingsTests
{
    const string Encoding = "config_sentence_transformers.json";
    const string Prompted = """{"prompts": {"q": "a red ", "p": "old "}, "default_prompt_name": "q"}""";

    static float[] Encode(SavedModel model, string text, EncoderOptions? options = null)
    {
        using SentenceEncoder encoder = OnCpu.Load(model.Folder, options);
        return encoder.Encode(text);
    }

    [Fact]
    public void The_default_prompt_goes_before_every_text_and_counts_as_tokens()
    {
        using SavedModel model = new();
        float[] expected = Encode(model, "a red cat");
        model.Merge(Encoding, Prompted);
        Assert.Equal(expected, Encode(model, "cat"));
        using SentenceEncoder encoder = OnCpu.Load(model.Folder, new() { MaxLength = 4 });
        Assert.All(encoder.Tokenize(["cat", ""]), ids => Assert.Equal(4, ids.Length));
        Assert.Equal(1, encoder.Truncated);
    }

    [Fact]
    public void Prompts_without_a_default_change_nothing()
    {
        using SavedModel model = new();
        float[] expected = Encode(model, "cat");
        model.Merge(Encoding, """{"prompts": {"query": "", "document": null, "title": "a red "}}""");
        Assert.Equal(expected, Encode(model, "cat"));
    }

    [Theory]
    [InlineData("""{"default_prompt_name": "q"}""", "default_prompt_name: found \"q\"")]
    [InlineData("""{"prompts": {"p": "x"}, "default_prompt_name": "q"}""", "expected one of the names in prompts: p")]
    [InlineData("""{"prompts": ["x"]}""", "prompts: found [\"x\"]")]
    [InlineData("""{"prompts": {"p": 1}}""", "prompts.p: found 1, expected a string")]
    [InlineData("""{"truncate_dim": -4}""", "truncate_dim: found -4")]
    [InlineData("""{"similarity_fn_name": "maxsim"}""", "similarity_fn_name: found \"maxsim\"")]
    [InlineData("""{"model_type": "SparseEncoder"}""", "model_type: found \"SparseEncoder\"")]
    public void A_setting_that_is_not_done_is_refused(string change, string named)
    {
        using SavedModel model = new();
        model.Merge(Encoding, change);
        string message = model.Refusal();
        Assert.Contains(Encoding, message, StringComparison.Ordinal);
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pooling_without_the_prompt_is_refused_where_there_is_a_prompt()
    {
        using SavedModel model = new();
        float[] expected = Encode(model, "cat");
        model.Merge("1_Pooling/config.json", """{"include_prompt": false}""");
        Assert.Equal(expected, Encode(model, "cat"));
        model.Merge(Encoding, Prompted);
        Assert.Contains("1_Pooling/config.json: include_prompt", model.Refusal(), StringComparison.Ordinal);
        Encode(model, "cat", new() { Pooler = Pooler.Avg });
    }

    [Fact]
    public void Text_is_lower_cased_with_its_prompt_before_a_tokenizer_that_keeps_the_case()
    {
        using SavedModel model = new();
        model.Replace("tokenizer.json", "\"lowercase\": true", "\"lowercase\": false");
        float[] expected = Encode(model, "a red cat");
        model.Merge("sentence_bert_config.json", """{"do_lower_case": true}""");
        Assert.Equal(expected, Encode(model, "A Red CAT"));
        model.Merge(Encoding, """{"prompts": {"q": "A RED "}, "default_prompt_name": "q"}""");
        Assert.Equal(expected, Encode(model, "Cat"));
    }

    [Fact]
    public void The_settings_may_be_in_the_file_of_another_family()
    {
        using SavedModel model = new();
        File.Move(model.In("sentence_bert_config.json"), model.In("sentence_distilbert_config.json"));
        model.Merge("sentence_distilbert_config.json", """{"max_seq_length": 5}""");
        using SentenceEncoder encoder = OnCpu.Load(model.Folder);
        Assert.Equal(5, encoder.MaxLength);
    }

    [Theory]
    [InlineData(6, 6)]
    [InlineData(0, 16)]
    [InlineData(99, 16)]
    public void Truncated_vectors_have_that_dimension_everywhere(int dimensions, int expected)
    {
        using SavedModel model = new();
        float[] full = Encode(model, "cat");
        model.Merge(Encoding, $$"""{"truncate_dim": {{dimensions}}}""");
        using SentenceEncoder encoder = OnCpu.Load(model.Folder);
        Assert.Equal(full[..expected], encoder.Encode("cat"));
        IEmbeddingGenerator generator = encoder;
        Assert.Equal(expected, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions);
    }

    [Theory]
    [InlineData("cosine")]
    [InlineData("dot")]
    [InlineData("euclidean")]
    [InlineData("manhattan")]
    public void The_similarity_is_the_folders(string name)
    {
        using SavedModel model = new();
        model.Merge(Encoding, $$"""{"similarity_fn_name": "{{name}}"}""");
        using SentenceEncoder encoder = OnCpu.Load(model.Folder);
        float[][] vectors = encoder.Encode(["the cat", "a dog"]);
        double expected = Similarity.Compute(Similarity.Names[name], vectors[0], vectors[1]);
        Assert.Equal(expected, encoder.Similarity("the cat", "a dog"));
        (int code, string output, string error) =
            Tool.Run("", "similarity", model.Folder, "the cat", "a dog", "--json", "--device", "cpu");
        Assert.True(code == 0, error);
        Assert.Contains(FormattableString.Invariant($",{expected:R}]"), output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_modules_does_not_have_prompts()
    {
        using SavedModel model = new();
        File.Delete(model.In("modules.json"));
        float[] expected = Encode(model, "cat");
        model.Merge(Encoding, Prompted);
        Assert.Equal(expected, Encode(model, "cat"));
    }

    [Fact]
    public void A_Dense_that_CUDA_cannot_run_is_refused_there_and_auto_takes_the_CPU()
    {
        Backends.RequireCuda();
        using SavedModel model = new();
        model.WriteModules("Transformer", "Pooling", "Dense");
        model.WritePooling("mean_tokens");
        model.WriteDense("2_Dense", 16, 12, "activation.Tanh");
        const string reason = "2_Dense/config.json: out_features is 12, expected a multiple of 8 on CUDA";
        EncoderOptions onCuda = new() { Device = new DeviceChoice("cuda") };
        string message =
            Assert.Throws<InvalidInputException>(() => SentenceEncoder.Load(model.Folder, onCuda)).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        ListLogger logger = new();
        using SentenceEncoder encoder = SentenceEncoder.Load(model.Folder, new() { Logger = logger });
        Assert.Contains(reason, Assert.Single(logger.Messages), StringComparison.Ordinal);
        Assert.Equal(12, encoder.Encode("cat").Length);
    }
}

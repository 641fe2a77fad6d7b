using EsimCse.Core.Evaluation;
using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Text;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Model;

public class ModelFolderTests
{
    [Theory]
    [InlineData("hidden_size", "\"hidden_size\": 16", "\"hidden_size\": 17")]
    [InlineData("expected [32,16]", "\"intermediate_size\": 24", "\"intermediate_size\": 32")]
    [InlineData("num_hidden_layers", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1")]
    [InlineData("encoder.layer.2", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3")]
    [InlineData("encoder.layer.2", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 900000")]
    [InlineData("vocab_size", "\"vocab_size\": 20", "\"vocab_size\": 0")]
    [InlineData("found \"xlm-roberta\", expected bert or roberta", "\"bert\"", "\"xlm-roberta\"")]
    [InlineData("found \"camembert\"", "\"bert\"", "\"camembert\"")]
    [InlineData("found \"deberta-v2\"", "\"bert\"", "\"deberta-v2\"")]
    [InlineData("found \"modernbert\"", "\"bert\"", "\"modernbert\"")]
    [InlineData("found \"mpnet\"", "\"bert\"", "\"mpnet\"")]
    [InlineData("pad_token_id", "\"vocab_size\": 20", "\"vocab_size\": 20, \"pad_token_id\": -1")]
    [InlineData("hidden_act", "\"gelu\"", "\"swish\"")]
    [InlineData("hidden_act", "\"gelu\"", "{}")]
    [InlineData("max_position_embeddings", "\"max_position_embeddings\": 40", "\"max_position_embeddings\": 1")]
    [InlineData("hidden_size: found twice", "\"hidden_size\": 16", "\"hidden_size\": 16, \"hidden_size\": 16")]
    [InlineData("config.json: not valid JSON", "\"gelu\"", "\"\\ud800\"")]
    [InlineData("parameters", "\"intermediate_size\": 24", "\"intermediate_size\": 2147483647")]
    public void A_config_that_contradicts_itself_or_the_weights_is_refused_by_name(string named, string from, string to)
    {
        using SavedModel model = new();
        model.Replace("config.json", from, to);
        Assert.Contains(named, model.Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_config_that_is_no_JSON_is_refused_by_name() =>
        AssertRefused("not valid JSON", model => File.WriteAllText(model.In("config.json"), "{"));

    [Fact]
    public void A_missing_tokenizer_is_named() => AssertRefused("tokenizer", model =>
    {
        File.Delete(model.In("tokenizer.json"));
        File.Delete(model.In("vocab.txt"));
    });

    [Fact]
    public void Missing_weights_are_named() =>
        AssertRefused("model.safetensors", model => File.Delete(model.In("model.safetensors")));

    [Fact]
    public void A_missing_tensor_is_named()
    {
        const string missing = "encoder.layer.1.output.dense.bias";
        AssertRefused(
            missing,
            model => model.ChangeTensors(tensors => tensors.Where(tensor => tensor.Name != missing)));
    }

    [Fact]
    public void A_missing_head_is_named_where_the_pooler_needs_it()
    {
        using SavedModel model = new();
        model.ChangeTensors(tensors =>
            tensors.Where(tensor => !tensor.Name.StartsWith("pooler", StringComparison.Ordinal)));
        Assert.Contains("pooler.dense.weight", model.Refusal(new() { Pooler = Pooler.Cls }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_is_not_finite_is_refused() => AssertRefused("NaN", model => model.ChangeTensors(tensors =>
        from tensor in tensors
        select tensor.Name == "embeddings.LayerNorm.bias"
            ? TensorToWrite.Floats(tensor.Name, tensor.Shape, () => [.. Enumerable.Repeat(float.NaN, 16)])
            : tensor));

    [Theory]
    [InlineData("pooling_mode", "1_Pooling/config.json", "{\"pooling_mode_max_tokens\":false}")]
    [InlineData("max_seq_length", "sentence_bert_config.json", "{\"max_seq_length\":\"many\"}")]
    public void A_module_setting_that_is_not_supported_is_named(string named, string file, string content) =>
        AssertRefused(named, model => File.WriteAllText(model.In(file), content));

    [Theory]
    [InlineData("\"lowercase\": true", "\"lowercase\": true, \"lowercase\": true")]
    [InlineData("\"max_input_chars_per_word\": 100", "\"max_input_chars_per_word\": -100000")]
    [InlineData("\"version\": \"1.0\",", "\"added_tokens\": [\"x\"],")]
    [InlineData("\"version\": \"1.0\",", "\"model\": \"WordPiece\",")]
    [InlineData("\"version\": \"1.0\",", "\"normalizer\": \"BertNormalizer\",")]
    public void A_broken_tokenizer_is_named(string from, string to) => AssertRefused("tokenizer.json", model =>
    {
        // A key that replaces the version is renamed where it was, so that it is not a duplicate.
        string key = to[1..to.IndexOf('"', 1)];
        if (from.Contains("version", StringComparison.Ordinal))
            model.Replace("tokenizer.json", $"  \"{key}\": ", "  \"was\": ");
        model.Replace("tokenizer.json", from, to);
    });

    [Fact]
    public void Another_models_tokenizer_in_the_output_is_replaced()
    {
        using SmallModel small = new();
        Directory.CreateDirectory(small.In("run"));
        Directory.CreateDirectory(small.In("other"));
        BertTokenizer tokenizer = BertTokenizer.Load(small.Folder);
        File.WriteAllLines(small.In("run", "vocab.txt"), File.ReadLines(small.In("vocab.txt")).Reverse());
        File.Copy(small.In("run", "vocab.txt"), small.In("other", "vocab.txt"));
        File.Copy(small.In("config.json"), small.In("other", "config.json"));
        SmallModel.Train(small.Job("other-run") with { Vocabulary = small.In("other") });
        File.Copy(small.In("other-run", "tokenizer.json"), small.In("run", "tokenizer.json"));
        File.WriteAllText(small.In("run", "tokenizer_config.json"), "{\"do_lower_case\":false}");
        SmallModel.Train(small.Job("run"));
        Assert.Equal(tokenizer.Encode("The cat"), BertTokenizer.Load(small.In("run")).Encode("The cat"));
        Assert.False(File.Exists(small.In("run", "tokenizer_config.json")));
    }

    [Theory]
    [InlineData("cls", false)]
    [InlineData("cls", true)]
    [InlineData("avg", true)]
    [InlineData("avg_top2", true)]
    [InlineData("avg_first_last", true)]
    [InlineData("cls_before_pooler", true)]
    public void A_saved_folder_gives_the_vectors_that_were_evaluated(string poolerName, bool mlpOnlyTrain)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        job = job with { Options = job.Options with { Pooler = pooler, MlpOnlyTrain = mlpOnlyTrain } };
        double best = EncoderTraining.Run(job, device: OnCpu.Device)!.Value.Score;
        using SentenceEncoder encoder = OnCpu.Load(job.Output);
        Assert.Equal(job.Options.SavedPooler, encoder.Pooler);
        Assert.Equal(best, encoder.Score(StsSets.Read(small.Folder, "stsb-dev")).Spearman);
    }

    [Fact]
    public void The_tokenizer_json_of_a_saved_folder_gives_the_same_ids()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        BertTokenizer before = BertTokenizer.Load(small.Folder);
        File.Delete(small.In("run", "vocab.txt"));
        BertTokenizer after = BertTokenizer.Load(small.In("run"));
        string[] texts = ["The cats see Tree's é [MASK] x", "", "[CLS]", "cat\u3000dog 漢"];
        Assert.All(texts, text => Assert.Equal(before.Encode(text), after.Encode(text)));
    }

    static void AssertRefused(string named, Action<SavedModel> change)
    {
        using SavedModel model = new();
        change(model);
        Assert.Contains(named, model.Refusal(), StringComparison.Ordinal);
    }
}

using EsimCse.Core;
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
    static void Refused(string named, Action<SmallModel> spoil, EncoderOptions? options = null)
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        spoil(small);
        string message = Assert.Throws<InvalidInputException>(() => OnCpu.Load(small.In("run"), options).Dispose()).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    static void Config(SmallModel small, string from, string to) =>
        File.WriteAllText(small.In("run", "config.json"), File.ReadAllText(small.In("run", "config.json")).Replace(from, to, StringComparison.Ordinal));

    static void Weights(SmallModel small, Func<List<TensorToWrite>, IEnumerable<TensorToWrite>> change)
    {
        List<TensorToWrite> tensors = [];
        using (SafetensorsFile file = SafetensorsFile.Open(small.In("run", "model.safetensors")))
            foreach (StoredTensor tensor in file.Tensors.Values)
            {
                float[] values = new float[tensor.Count];
                file.ReadFloats(tensor, values);
                tensors.Add(TensorToWrite.Floats(tensor.Name, [.. tensor.Shape.Select(size => (int)size)], () => values));
            }
        SafetensorsWriter.Write(small.In("run", "model.safetensors"), [.. change(tensors)], new Dictionary<string, string>());
    }

    [Fact]
    public void What_contradicts_itself_is_named()
    {
        Refused("not valid JSON", small => File.WriteAllText(small.In("run", "config.json"), "{"));
        Refused("hidden_size", small => Config(small, "\"hidden_size\": 16", "\"hidden_size\": 17"));
        Refused("expected [32,16]", small => Config(small, "\"intermediate_size\": 24", "\"intermediate_size\": 32"));
        Refused("num_hidden_layers", small => Config(small, "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1"));
        Refused("encoder.layer.2", small => Config(small, "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"));
        Refused("vocab_size", small => Config(small, "\"vocab_size\": 20", "\"vocab_size\": 0"));
        Refused("RoBERTa", small => Config(small, "\"model_type\": \"bert\"", "\"model_type\": \"roberta\""));
        Refused("hidden_act", small => Config(small, "\"gelu\"", "\"relu\""));
        Refused("hidden_act", small => Config(small, "\"gelu\"", "{}"));
        Refused("max_position_embeddings", small => Config(small, "\"max_position_embeddings\": 40", "\"max_position_embeddings\": 1"));
        Refused("not valid JSON", small => Config(small, "\"hidden_size\": 16", "\"hidden_size\": 16, \"hidden_size\": 16"));
        Refused("config.json: not valid JSON", small => Config(small, "\"gelu\"", "\"\\ud800\""));
        Refused("parameters", small => Config(small, "\"intermediate_size\": 24", "\"intermediate_size\": 2147483647"));
        Refused("encoder.layer.2", small => Config(small, "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 900000"));
        Refused("tokenizer", small =>
        {
            File.Delete(small.In("run", "tokenizer.json"));
            File.Delete(small.In("run", "vocab.txt"));
        });
        Refused("model.safetensors", small => File.Delete(small.In("run", "model.safetensors")));
        Refused("encoder.layer.1.output.dense.bias", small => Weights(small, tensors => tensors.Where(tensor => tensor.Name != "encoder.layer.1.output.dense.bias")));
        Refused("pooler.dense.weight", small => Weights(small, tensors => tensors.Where(tensor => !tensor.Name.StartsWith("pooler", StringComparison.Ordinal))), new() { Pooler = Pooler.Cls });
        Refused("NaN", small => Weights(small, tensors => tensors.Select(tensor => tensor.Name == "embeddings.LayerNorm.bias"
            ? TensorToWrite.Floats(tensor.Name, tensor.Shape, () => [.. Enumerable.Repeat(float.NaN, 16)]) : tensor)));
        Refused("max_tokens", small => File.WriteAllText(small.In("run", "1_Pooling", "config.json"), "{\"pooling_mode_max_tokens\":true}"));
        Refused("max_seq_length", small => File.WriteAllText(small.In("run", "sentence_bert_config.json"), "{\"max_seq_length\":\"many\"}"));
    }

    [Theory]
    [InlineData("\"cleanup\": true", "\"cleanup\": true, \"cleanup\": true")]
    [InlineData("\"max_input_chars_per_word\": 100", "\"max_input_chars_per_word\": -100000")]
    [InlineData("\"version\": \"1.0\",", "\"added_tokens\": [\"x\"],")]
    [InlineData("\"version\": \"1.0\",", "\"model\": \"WordPiece\",")]
    [InlineData("\"version\": \"1.0\",", "\"normalizer\": \"BertNormalizer\",")]
    public void A_broken_tokenizer_is_named(string from, string to) => Refused("tokenizer.json", small =>
    {
        string path = small.In("run", "tokenizer.json"), json = File.ReadAllText(path);
        // What is put in takes the place of a part of the same name.
        string name = to[1..to.IndexOf('"', 1)];
        if (from.Contains("version", StringComparison.Ordinal)) json = json.Replace($"  \"{name}\": ", "  \"was\": ", StringComparison.Ordinal);
        File.WriteAllText(path, json.Replace(from, to, StringComparison.Ordinal));
    });

    [Fact]
    public void Another_models_tokenizer_in_the_output_is_replaced()
    {
        using SmallModel small = new();
        Directory.CreateDirectory(small.In("run"));
        BertTokenizer tokenizer = BertTokenizer.Load(small.Folder);
        File.WriteAllLines(small.In("run", "vocab.txt"), File.ReadLines(small.In("vocab.txt")).Reverse());
        Directory.CreateDirectory(small.In("other"));
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
    public void A_saved_folder_opens_as_what_was_evaluated(string poolerName, bool headInTrainingOnly)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        using SmallModel small = new();
        TrainingJob job = small.Job("run");
        job = job with { Options = job.Options with { Pooler = pooler, MlpOnlyTrain = headInTrainingOnly } };
        double best = EncoderTraining.Run(job, device: OnCpu.Device)!.Value.Score;
        using SentenceEncoder encoder = OnCpu.Load(job.Output);
        Assert.Equal(job.Options.SavedPooler, encoder.Pooler);
        IReadOnlyList<ScoredPair> pairs = StsSets.Read(small.Folder, "stsb-dev");
        IReadOnlyList<int[]> ids = encoder.Tokenize([.. pairs.SelectMany(pair => new[] { pair.First, pair.Second })]);
        Assert.Equal(best, SetScore.Compute(encoder.Encode(ids), encoder.Dimension, [.. ids.Select(sentence => sentence.Length)], pairs).Spearman);
    }

    [Fact]
    public void The_tokenizer_json_that_is_added_gives_the_same_ids()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        BertTokenizer before = BertTokenizer.Load(small.Folder);
        File.Delete(small.In("run", "vocab.txt"));
        BertTokenizer after = BertTokenizer.Load(small.In("run"));
        foreach (string text in new[] { "The cats see Tree's é [MASK] x", "", "[CLS]", "cat\u3000dog 漢" }) Assert.Equal(before.Encode(text), after.Encode(text));
    }
}

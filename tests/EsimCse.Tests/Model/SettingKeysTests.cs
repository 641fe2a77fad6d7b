using System.Text.Json;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Model.SentenceTransformers;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Model;

/// <summary>No key of a model folder's files is forgotten: each is done, refused by name, or changes nothing.</summary>
public class SettingKeysTests
{
    /// <summary>A value that no key has by default.</summary>
    const string Strange = """{"strange": 1}""";

    const string Esimcse = "esimcse.json";
    const string Modules = "modules.json";
    const string ModelConfig = "config.json";
    const string Transformer = "sentence_bert_config.json";
    const string Encoding = "config_sentence_transformers.json";
    const string Pooling = "1_Pooling/config.json";
    const string Dense = "2_Dense/config.json";
    const string LayerNorm = "3_LayerNorm/config.json";
    const string Normalize = "4_Normalize/config.json";

    static readonly Dictionary<string, SettingKeys> Lists = new()
    {
        [ModelConfig] = BertConfigKeys.All,
        [Transformer] = TransformerSettings.Keys,
        [Encoding] = EncodingSettings.Keys,
        [Modules] = ModuleList.Keys,
        [Pooling] = PoolingModule.Keys,
        [Dense] = DenseModule.Keys,
        [LayerNorm] = LayerNormModule.Keys,
        [Normalize] = NormalizeModule.Keys,
        [Esimcse] = ModelFolder.Keys,
    };

    /// <summary>Changes of honoured keys that change the vector of the folder.</summary>
    static readonly Dictionary<(string File, string Key), string> Changes = new()
    {
        [(ModelConfig, "hidden_act")] = """{"hidden_act": "relu"}""",
        [(ModelConfig, "num_attention_heads")] = """{"num_attention_heads": 4}""",
        [(ModelConfig, "layer_norm_eps")] = """{"layer_norm_eps": 0.5}""",
        [(Transformer, "max_seq_length")] = """{"max_seq_length": 4}""",
        [(Transformer, "do_lower_case")] = """{"do_lower_case": true}""",
        [(Encoding, "prompts")] = """{"prompts": {"q": "a red dog "}, "default_prompt_name": "q"}""",
        [(Encoding, "default_prompt_name")] = """{"prompts": {"q": "dog "}, "default_prompt_name": "q"}""",
        [(Encoding, "truncate_dim")] = """{"truncate_dim": 7}""",
        [(Pooling, "pooling_mode")] = """{"pooling_mode": "max"}""",
        [(Pooling, "pooling_mode_cls_token")] = Mode("pooling_mode_cls_token"),
        [(Pooling, "pooling_mode_mean_tokens")] = Mode("pooling_mode_lasttoken"),
        [(Pooling, "pooling_mode_max_tokens")] = Mode("pooling_mode_max_tokens"),
        [(Pooling, "pooling_mode_mean_sqrt_len_tokens")] = Mode("pooling_mode_mean_sqrt_len_tokens"),
        [(Pooling, "pooling_mode_weightedmean_tokens")] = Mode("pooling_mode_weightedmean_tokens"),
        [(Pooling, "pooling_mode_lasttoken")] = Mode("pooling_mode_lasttoken"),
        [(Dense, "activation_function")] = """{"activation_function": "torch.nn.modules.activation.ReLU"}""",
        [(Esimcse, "pooler")] = """{"pooler": "avg_top2"}""",
    };

    /// <summary>Changes of honoured keys that are refused by the key's name.</summary>
    static readonly Dictionary<(string File, string Key), string> Refusals = new()
    {
        [(ModelConfig, "model_type")] = """{"model_type": "albert"}""",
        [(ModelConfig, "architectures")] = """{"model_type": null, "architectures": ["AlbertModel"]}""",
        [(ModelConfig, "vocab_size")] = """{"vocab_size": 0}""",
        [(ModelConfig, "hidden_size")] = """{"hidden_size": 17}""",
        [(ModelConfig, "num_hidden_layers")] = """{"num_hidden_layers": 1}""",
        [(ModelConfig, "intermediate_size")] = """{"intermediate_size": 0}""",
        [(ModelConfig, "max_position_embeddings")] = """{"max_position_embeddings": 1}""",
        [(ModelConfig, "type_vocab_size")] = """{"type_vocab_size": 0}""",
        [(ModelConfig, "pad_token_id")] = """{"pad_token_id": -1}""",
        [(ModelConfig, "initializer_range")] = """{"initializer_range": -1}""",
        [(ModelConfig, "embedding_size")] = """{"embedding_size": 8}""",
        [(ModelConfig, "head_dim")] = """{"head_dim": 4}""",
        [(ModelConfig, "num_key_value_heads")] = """{"num_key_value_heads": 1}""",
        [(Encoding, "similarity_fn_name")] = """{"similarity_fn_name": "maxsim"}""",
        [(Modules, "type")] = """{"type": "my.Pooling"}""",
        [(Modules, "path")] = """{"path": "../1_Pooling"}""",
        [(Modules, "name")] = """{"name": "0"}""",
        [(Pooling, "word_embedding_dimension")] = """{"word_embedding_dimension": 8}""",
        [(Pooling, "embedding_dimension")] = """{"embedding_dimension": 8}""",
        [(Pooling, "include_prompt")] = """{"include_prompt": "no"}""",
        [(Dense, "in_features")] = """{"in_features": 8}""",
        [(Dense, "out_features")] = """{"out_features": 0}""",
        [(Dense, "bias")] = """{"bias": "no"}""",
        [(LayerNorm, "dimension")] = """{"dimension": 8}""",
    };

    public static TheoryData<string> Files => [.. Lists.Keys];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_honoured_key_changes_the_vector_or_is_refused_by_name(string file)
    {
        using SavedModel model = Create(file);
        float[] before = model.Vector();
        foreach (string key in Lists[file].Honoured)
            With(model, file, Find(file, key), () =>
            {
                if (Changes.ContainsKey((file, key))) Assert.NotEqual(before, model.Vector());
                else Assert.Contains(Base(file, key), model.Refusal(), StringComparison.Ordinal);
            });
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_refused_key_is_refused_by_name_and_its_neutral_values_change_nothing(string file)
    {
        using SavedModel model = Create(file);
        float[] before = model.Vector();
        foreach ((string key, string[] neutral) in Lists[file].Refused)
        {
            With(model, file, Patch(key, Strange), () =>
                Assert.Contains(Base(file, key), model.Refusal(), StringComparison.Ordinal));
            foreach (string value in neutral)
                With(model, file, Patch(key, value), () => Assert.Equal(before, model.Vector()));
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_harmless_key_changes_nothing_and_an_unknown_one_nothing_or_is_refused(string file)
    {
        using SavedModel model = Create(file);
        float[] before = model.Vector();
        foreach (string key in Lists[file].Harmless)
            With(model, file, Patch(key, Strange), () => Assert.Equal(before, model.Vector()));
        With(model, file, Patch("strange_key", Strange), () =>
        {
            if (!Lists[file].IsClosed) Assert.Equal(before, model.Vector());
            else Assert.Contains("strange_key", model.Refusal(), StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Every_key_of_real_folders_is_known()
    {
        foreach (string folder in Directory.GetDirectories(SharedData.Path("models")))
            foreach ((string file, SettingKeys keys) in Lists)
            {
                string path = Path.Combine(folder, file);
                if (!File.Exists(path)) continue;
                IEnumerable<string> unknown = KeysOf(JsonFile.Read(path)).Except(keys.Known);
                Assert.True(!unknown.Any(), $"{path}: {string.Join(", ", unknown)}");
            }
    }

    static IEnumerable<string> KeysOf(JsonElement root) => root.ValueKind == JsonValueKind.Array
        ? root.EnumerateArray().SelectMany(KeysOf)
        : root.EnumerateObject().Select(entry => entry.Name);

    /// <summary>Returns the change of a key: every honoured key must have one.</summary>
    static string Find(string file, string key)
    {
        string? patch = Changes.GetValueOrDefault((file, key)) ?? Refusals.GetValueOrDefault((file, key));
        Assert.True(patch is not null, $"{file}: {key}: add what a change of it does");
        return patch;
    }

    /// <summary>Returns how a message names a key of a file.</summary>
    static string Base(string file, string key) => file == Modules ? $"{file}: [1].{key}: " : $"{file}: {key}: ";

    static string Patch(string key, string value) => $$"""{"{{key}}": {{value}}}""";

    /// <summary>Returns a change of Pooling to one flag.</summary>
    static string Mode(string flag) => $$"""{"pooling_mode_mean_tokens": null, "{{flag}}": true}""";

    static void With(SavedModel model, string file, string patch, Action check)
    {
        string path = model.In(file);
        string? before = File.Exists(path) ? File.ReadAllText(path) : null;
        model.Merge(file, patch);
        check();
        if (before is null) File.Delete(path);
        else File.WriteAllText(path, before);
    }

    /// <summary>Returns a folder with all modules; with esimcse.json where that is tested.</summary>
    static SavedModel Create(string file)
    {
        SavedModel model = new();
        model.WriteModules("Transformer", "Pooling", "Dense", "LayerNorm", "Normalize");
        model.WritePooling("mean_tokens");
        model.WriteDense("2_Dense", 16, 16, "activation.Tanh");
        model.WriteLayerNorm("3_LayerNorm", 16);
        Directory.CreateDirectory(model.In("4_Normalize"));
        // The tokenizer keeps the case of text, so that do_lower_case of sentence-transformers shows.
        model.Replace("tokenizer.json", "\"lowercase\": true", "\"lowercase\": false");
        if (file == Esimcse) model.Write(file, """{"pooler": "avg"}""");
        return model;
    }
}

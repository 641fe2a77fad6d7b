using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Model.SentenceTransformers;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>
/// Writes model folders that Hugging Face's tools and every version of sentence-transformers open. The same model
/// gives the same bytes. Tensors have the names of the encoder's class. With a masked-language head they have those of
/// the class with that head, the encoder's with the family's prefix. Both classes of transformers load such a file;
/// from names without prefix the one with the head refuses the file, or draws the head again.
/// </summary>
static class ModelFolderWriter
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Names of the files of a tokenizer.</summary>
    public static IReadOnlyList<string> TokenizerFiles { get; } =
    [
        "tokenizer.json", "vocab.txt", BytePairFiles.VocabularyName, BytePairFiles.MergesName, "tokenizer_config.json",
        "special_tokens_map.json", "added_tokens.json",
    ];

    static readonly string[] Modules = ["modules.json", "esimcse.json"];

    static readonly string[] ModuleFolders = ["1_Pooling", "2_Dense", "2_Normalize"];

    /// <summary>Names of the files and folders that are written, replaced or deleted.</summary>
    public static IEnumerable<string> Names =>
    [
        "config.json", "model.safetensors", .. TokenizerFiles, .. Modules, .. ModuleFolders,
        "sentence_bert_config.json", "config_sentence_transformers.json",
    ];

    /// <summary>Writes a folder. Modules and tokenizer files of another model in it are deleted.</summary>
    /// <param name="target">The folder.</param>
    /// <param name="source">The path of the model's config.json, and the folder of its tokenizer.</param>
    /// <param name="tensors">The weights, fp32.</param>
    /// <param name="pooler">The pooling; a head becomes a Dense module.</param>
    /// <param name="settings">max_seq_length and do_lower_case.</param>
    public static void Write(
        string target,
        (string Config, string Tokenizer) source,
        IReadOnlyList<TensorToWrite> tensors,
        Pooler pooler,
        TransformerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(pooler);
        ModelFamily family = BertConfig.Read(source.Config).Family;
        Directory.CreateDirectory(target);
        bool hasMaskedLanguageHead = tensors.Any(tensor => IsMaskedLanguageHead(tensor, family));
        WriteConfig(target, source.Config, family, hasMaskedLanguageHead);
        WriteTokenizer(source.Tokenizer, target);
        DeleteModules(target);
        WriteSettings(target, settings);
        if (pooler.SentenceTransformersMode is { } mode)
            WriteModules(target, mode, pooler.HasHead, family.Modules, tensors);
        else
            WriteJson(target, "esimcse.json", new JsonObject { ["pooler"] = pooler.Name });
        if (hasMaskedLanguageHead) tensors = [.. tensors.Select(tensor => WithPrefix(tensor, family))];
        WriteWeights(target, tensors);
    }

    static bool IsMaskedLanguageHead(TensorToWrite tensor, ModelFamily family) =>
        tensor.Name.StartsWith(family.Modules.MaskedLanguageHead, StringComparison.Ordinal);

    static TensorToWrite WithPrefix(TensorToWrite tensor, ModelFamily family) =>
        IsMaskedLanguageHead(tensor, family) ? tensor : tensor with { Name = family.WeightPrefix + tensor.Name };

    static void WriteConfig(string target, string source, ModelFamily family, bool hasMaskedLanguageHead)
    {
        JsonObject config = JsonFile.ReadObject(source);
        config["model_type"] = family.ModelType;
        config["architectures"] = new JsonArray(
            hasMaskedLanguageHead ? family.MaskedLanguageArchitecture : family.Architecture);
        foreach (string name in new[] { "dtype", "torch_dtype" })
            if (config.ContainsKey(name)) config[name] = "float32";
        WriteJson(target, "config.json", config);
    }

    static void WriteTokenizer(string source, string target)
    {
        if (Path.GetFullPath(source) != Path.GetFullPath(target))
            foreach (string name in TokenizerFiles)
                CopyOrDelete(Path.Combine(source, name), Path.Combine(target, name));
        if (!File.Exists(Path.Combine(target, "tokenizer.json")))
            WriteJson(target, "tokenizer.json", TokenizerJsonWriter.From(BertTokenizer.Load(target)));
    }

    /// <summary>Copies a file. Without one the target is deleted, because it is another model's.</summary>
    static void CopyOrDelete(string source, string target)
    {
        if (File.Exists(source)) AtomicFile.Write(target, stream => stream.Write(File.ReadAllBytes(source)));
        else File.Delete(target);
    }

    static void DeleteModules(string target)
    {
        foreach (string name in Modules) File.Delete(Path.Combine(target, name));
        foreach (string name in ModuleFolders)
        {
            string module = Path.Combine(target, name);
            if (Directory.Exists(module)) Directory.Delete(module, recursive: true);
        }
    }

    static void WriteSettings(string target, TransformerSettings settings)
    {
        JsonObject transformer = new()
        {
            ["max_seq_length"] = settings.MaxLength,
            ["do_lower_case"] = settings.LowerCase,
        };
        WriteJson(target, "sentence_bert_config.json", transformer);
        WriteJson(target, "config_sentence_transformers.json", new JsonObject
        {
            ["__version__"] = new JsonObject
            {
                ["sentence_transformers"] = "2.2.2",
                ["transformers"] = "4.38.0",
                ["pytorch"] = "2.0.0",
            },
            ["prompts"] = new JsonObject(),
            ["default_prompt_name"] = null,
            ["similarity_fn_name"] = "cosine",
        });
    }

    static void WriteModules(
        string target,
        PoolingMode mode,
        bool head,
        ModuleNames names,
        IReadOnlyList<TensorToWrite> tensors)
    {
        int hidden = Find(tensors, names.WordEmbeddings + ".weight").Shape[1];
        JsonArray modules = new(Module(0, "", "Transformer"), Module(1, "1_Pooling", "Pooling"));
        WritePooling(Path.Combine(target, "1_Pooling"), mode, hidden);
        if (head)
        {
            modules.Add((JsonNode)Module(2, "2_Dense", "Dense"));
            TensorToWrite weight = Find(tensors, names.Head + ".weight");
            TensorToWrite bias = Find(tensors, names.Head + ".bias");
            WriteDense(Path.Combine(target, "2_Dense"), weight, bias);
        }
        WriteJson(target, "modules.json", modules);
    }

    static void WritePooling(string folder, PoolingMode mode, int hidden)
    {
        JsonObject pooling = new() { ["word_embedding_dimension"] = hidden };
        mode.WriteFlags(pooling);
        pooling["include_prompt"] = true;
        WriteJson(folder, "config.json", pooling);
    }

    static void WriteDense(string folder, TensorToWrite weight, TensorToWrite bias)
    {
        WriteJson(folder, "config.json", new JsonObject
        {
            ["in_features"] = weight.Shape[1],
            ["out_features"] = weight.Shape[0],
            ["bias"] = true,
            ["activation_function"] = "torch.nn.modules.activation.Tanh",
        });
        WriteWeights(folder, [weight with { Name = "linear.weight" }, bias with { Name = "linear.bias" }]);
    }

    static TensorToWrite Find(IReadOnlyList<TensorToWrite> tensors, string name) =>
        tensors.First(tensor => tensor.Name == name);

    static JsonObject Module(int index, string path, string type) => new()
    {
        ["idx"] = index,
        ["name"] = $"{index}",
        ["path"] = path,
        ["type"] = $"sentence_transformers.models.{type}",
    };

    static void WriteWeights(string folder, IReadOnlyList<TensorToWrite> tensors)
    {
        Dictionary<string, string> metadata = new() { ["format"] = "pt" };
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors, metadata);
    }

    static void WriteJson(string folder, string name, JsonNode json)
    {
        Directory.CreateDirectory(folder);
        byte[] bytes = Encoding.UTF8.GetBytes(json.ToJsonString(Indented) + "\n");
        AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(bytes));
    }
}

using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EsimCse.Core.Files;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>Writes a model folder that Hugging Face's and sentence-transformers' tools open, in the layout that every version of them reads. Same model, same bytes.</summary>
public static class ModelFolderWriter
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };
    static readonly string[] TokenizerFiles = ["tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

    /// <summary>Writes the folder. <paramref name="source"/> is where config.json and the tokenizer's files come from.</summary>
    /// <param name="target">The folder; what it has of another model's modules and tokenizer is removed.</param>
    /// <param name="source">config.json's path, and the folder of the tokenizer.</param>
    /// <param name="tensors">The weights, fp32.</param>
    /// <param name="pooler">How the vectors are made: a head is written as a Dense module.</param>
    /// <param name="maxLength">max_seq_length.</param>
    public static void Write(string target, (string Config, string Tokenizer) source, IReadOnlyList<TensorToWrite> tensors, Pooler pooler, int maxLength)
    {
        Directory.CreateDirectory(target);
        JsonObject config = JsonFile.ReadObject(source.Config);
        config["architectures"] = new JsonArray("BertModel");
        foreach (string name in new[] { "dtype", "torch_dtype" })
            if (config.ContainsKey(name)) config[name] = "float32";
        Json(target, "config.json", config);
        CopyTokenizer(source.Tokenizer, target);
        foreach (string stale in new[] { "modules.json", "esimcse.json" }) File.Delete(Path.Combine(target, stale));
        foreach (string stale in new[] { "1_Pooling", "2_Dense", "2_Normalize" })
            if (Directory.Exists(Path.Combine(target, stale))) Directory.Delete(Path.Combine(target, stale), recursive: true);
        Json(target, "sentence_bert_config.json", new JsonObject { ["max_seq_length"] = maxLength, ["do_lower_case"] = false });
        Json(target, "config_sentence_transformers.json", new JsonObject
        {
            ["__version__"] = new JsonObject { ["sentence_transformers"] = "2.2.2", ["transformers"] = "4.38.0", ["pytorch"] = "2.0.0" },
            ["prompts"] = new JsonObject(),
            ["default_prompt_name"] = null,
            ["similarity_fn_name"] = "cosine",
        });
        if (pooler.SentenceTransformersMode is { } mode) Modules(target, mode, pooler.HasHead, tensors);
        else Json(target, "esimcse.json", new JsonObject { ["pooler"] = pooler.Name });
        SafetensorsWriter.Write(Path.Combine(target, "model.safetensors"), tensors, new Dictionary<string, string> { ["format"] = "pt" });
    }

    static void Modules(string target, PoolingMode mode, bool head, IReadOnlyList<TensorToWrite> tensors)
    {
        TensorToWrite? dense = head ? tensors.First(tensor => tensor.Name == "pooler.dense.weight") : null;
        int hidden = tensors.First(tensor => tensor.Name == "embeddings.word_embeddings.weight").Shape[1];
        JsonObject pooling = new() { ["word_embedding_dimension"] = hidden };
        foreach (PoolingMode known in PoolingMode.All) pooling[$"pooling_mode_{known.Flag}"] = known == mode;
        pooling["include_prompt"] = true;
        Json(Path.Combine(target, "1_Pooling"), "config.json", pooling);
        JsonArray modules = [Module(0, "", "Transformer"), Module(1, "1_Pooling", "Pooling")];
        if (dense is not null)
        {
            modules.Add((JsonNode)Module(2, "2_Dense", "Dense"));
            Json(Path.Combine(target, "2_Dense"), "config.json", new JsonObject
            {
                ["in_features"] = hidden,
                ["out_features"] = hidden,
                ["bias"] = true,
                ["activation_function"] = "torch.nn.modules.activation.Tanh",
            });
            TensorToWrite bias = tensors.First(tensor => tensor.Name == "pooler.dense.bias");
            SafetensorsWriter.Write(Path.Combine(target, "2_Dense", "model.safetensors"), [dense with { Name = "linear.weight" }, bias with { Name = "linear.bias" }],
                new Dictionary<string, string> { ["format"] = "pt" });
        }
        Json(target, "modules.json", modules);
    }

    static JsonObject Module(int index, string path, string type) => new()
    {
        ["idx"] = index,
        ["name"] = $"{index}",
        ["path"] = path,
        ["type"] = $"sentence_transformers.models.{type}",
    };

    static void CopyTokenizer(string source, string target)
    {
        if (Path.GetFullPath(source) != Path.GetFullPath(target))
            foreach (string name in TokenizerFiles)
                if (File.Exists(Path.Combine(source, name))) AtomicFile.Write(Path.Combine(target, name), stream => stream.Write(File.ReadAllBytes(Path.Combine(source, name))));
                else File.Delete(Path.Combine(target, name)); // Another model's, by whose ids these vectors would be nonsense.
        if (!File.Exists(Path.Combine(target, "tokenizer.json"))) Json(target, "tokenizer.json", TokenizerJson.From(BertTokenizer.Load(target)));
    }

    static void Json(string folder, string name, JsonNode json)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(Encoding.UTF8.GetBytes(json.ToJsonString(Indented) + "\n")));
    }
}

using System.Text.Json.Nodes;
using EsimCse.Core.Files;

namespace EsimCse.Tests.Support;

/// <summary>Writes files of sentence-transformers, and of others, into a saved model's folder.</summary>
static class SentenceTransformersFiles
{
    static readonly Dictionary<string, string> NoMetadata = [];

    /// <summary>
    /// Writes modules.json from class names of versions 2 to 5 or class paths. Module i after the first is in the
    /// folder i_Class.
    /// </summary>
    public static void WriteModules(this SavedModel model, params string[] classes)
    {
        IEnumerable<JsonNode> entries = classes.Select((name, i) => (JsonNode)new JsonObject
        {
            ["idx"] = i,
            ["name"] = $"{i}",
            ["path"] = i == 0 ? "" : $"{i}_{name.Split('.')[^1]}",
            ["type"] = name.Contains('.', StringComparison.Ordinal) ? name : "sentence_transformers.models." + name,
        });
        File.WriteAllText(model.In("modules.json"), new JsonArray([.. entries]).ToJsonString());
    }

    /// <summary>Writes a file, with the folders above it.</summary>
    public static void Write(this SavedModel model, string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(model.In(file))!);
        File.WriteAllText(model.In(file), text);
    }

    /// <summary>
    /// Changes keys of a JSON file's object, or of an entry where the file is a list; null removes a key.
    /// </summary>
    public static void Merge(this SavedModel model, string file, string patch, int entry = 1)
    {
        string path = model.In(file);
        JsonNode root = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))! : new JsonObject();
        JsonObject target = root is JsonArray list ? list[entry]!.AsObject() : root.AsObject();
        foreach ((string key, JsonNode? value) in JsonNode.Parse(patch)!.AsObject())
        {
            target.Remove(key);
            if (value is not null) target[key] = value.DeepClone();
        }
        model.Write(file, root.ToJsonString());
    }

    /// <summary>Writes a Pooling with the flags of these modes on.</summary>
    public static void WritePooling(this SavedModel model, params string[] flags)
    {
        JsonObject json = new() { ["word_embedding_dimension"] = 16 };
        foreach (string flag in flags) json["pooling_mode_" + flag] = true;
        model.Write("1_Pooling/config.json", json.ToJsonString());
    }

    /// <summary>Writes a Dense of an activation in torch.nn.modules, with drawn weights.</summary>
    public static (double[] Weight, double[]? Bias) WriteDense(
        this SavedModel model, string folder, int inputs, int outputs, string activation, bool hasBias = true)
    {
        model.Write(folder + "/config.json", new JsonObject
        {
            ["in_features"] = inputs,
            ["out_features"] = outputs,
            ["bias"] = hasBias,
            ["activation_function"] = "torch.nn.modules." + activation,
        }.ToJsonString());
        double[] weight = Numbers.Normal(inputs * outputs, seed: 4, 0.3);
        double[]? bias = hasBias ? Numbers.Normal(outputs, seed: 5, 0.3) : null;
        TensorToWrite[] tensors = bias is null
            ? [Tensor("linear.weight", weight, outputs, inputs)]
            : [Tensor("linear.weight", weight, outputs, inputs), Tensor("linear.bias", bias, outputs)];
        model.WriteTensors(folder, tensors);
        return (weight, bias);
    }

    /// <summary>Writes a LayerNorm with drawn weights.</summary>
    public static (double[] Gamma, double[] Beta) WriteLayerNorm(this SavedModel model, string folder, int width)
    {
        model.Write(folder + "/config.json", $$"""{"dimension": {{width}}}""");
        double[] gamma = Numbers.Normal(width, seed: 6);
        double[] beta = Numbers.Normal(width, seed: 7);
        model.WriteTensors(folder, Tensor("norm.weight", gamma, width), Tensor("norm.bias", beta, width));
        return (gamma, beta);
    }

    public static void WriteTensors(this SavedModel model, string folder, params TensorToWrite[] tensors) =>
        SafetensorsWriter.Write(model.In(folder, "model.safetensors"), tensors, NoMetadata);

    public static TensorToWrite Tensor(string name, double[] values, params int[] shape) =>
        TensorToWrite.Floats(name, shape, () => [.. values.Select(value => (float)value)]);
}

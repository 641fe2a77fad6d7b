using System.Text.Json;
using System.Text.Json.Nodes;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Cpu;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Model;

/// <summary>Weights under the names and in the files of other people's folders.</summary>
public class ModelTensorsTests
{
    [Fact]
    public void Shards_are_one_model_and_a_missing_one_is_named()
    {
        using SavedModel model = new();
        float[] before = model.Vector();
        Shard(model);
        Assert.Equal(before, model.Vector());
        string shard = model.In("model-00002-of-00003.safetensors");
        byte[] content = File.ReadAllBytes(shard);
        File.WriteAllBytes(shard, content[..^1]);
        Assert.Contains("model-00002-of-00003.safetensors", model.Refusal(), StringComparison.Ordinal);
        File.Delete(shard);
        Assert.Contains("model-00002-of-00003.safetensors", model.Refusal(), StringComparison.Ordinal);
        File.WriteAllText(model.In("model.safetensors.index.json"), "{}");
        Assert.Contains("weight_map", model.Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Old_names_a_prefix_and_unused_tensors_give_the_same_vectors()
    {
        using SavedModel model = new();
        float[] before = model.Vector();
        model.ChangeTensors(tensors =>
        [
            .. tensors.Select(tensor => tensor with { Name = OldName(tensor.Name) }),
            TensorToWrite.Floats("cls.predictions.bias", [20], () => new float[20]),
            TensorToWrite.Floats("bert.embeddings.position_ids", [1, 40], () => new float[40]),
        ]);
        Assert.Equal(before, model.Vector());

        static string OldName(string name) => "bert." + name
            .Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal)
            .Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_converted_from_a_pickle_gives_the_reference()
    {
        string folder = SharedData.Path("models", "bert-random-mini-bin");
        JsonElement reference =
            JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "reference-forward.json"))).RootElement;
        int[][] padded = Ids(reference.GetProperty("input_ids"));
        int[][] mask = Ids(reference.GetProperty("attention_mask"));
        int[][] sentences = [.. padded.Select((row, i) => row[..mask[i].Sum()])];
        BertConfig config = BertConfig.Read(Path.Combine(folder, "config.json"));
        using CpuBackend backend = new(1);
        using ModelTensors tensors = ModelTensors.Open(folder, ModelFamily.Bert);
        using BertParameters bert = BertParameters.Load(backend, config, tensors, head: false);
        using Embedder embedder = new(backend, config, Pooler.ClsBeforePooler);
        double[] expected =
        [
            .. from sentence in reference.GetProperty("last_hidden_state").EnumerateArray()
               from value in sentence[0].EnumerateArray()
               select value.GetDouble(),
        ];
        double[] actual = [.. embedder.Embed(bert.Weights, sentences).Select(value => (double)value)];
        new Tolerance(2e-5, 2e-5, "fp32 through the layers").Check(expected, actual, "[CLS]");
    }

    [Fact]
    public void A_folder_with_a_pickle_alone_is_refused()
    {
        using SavedModel model = new();
        File.Move(model.In("model.safetensors"), model.In("pytorch_model.bin"));
        Assert.Contains("pytorch_model.bin", model.Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("embeddings.LayerNorm.weight", "embeddings.LayerNorm.gamma")]
    [InlineData("encoder.layer.0.output.LayerNorm.bias", "bert.encoder.layer.0.output.LayerNorm.beta")]
    [InlineData("embeddings.word_embeddings.weight", "bert.embeddings.word_embeddings.weight")]
    public void Two_tensors_for_one_parameter_are_refused_by_both_names(string name, string second)
    {
        using SavedModel model = new();
        CopyTensor(model, name, second);
        string message = model.Refusal();
        Assert.Contains("model.safetensors: tensors", message, StringComparison.Ordinal);
        Assert.Contains($"'{name}'", message, StringComparison.Ordinal);
        Assert.Contains($"'{second}'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_heads_are_refused_where_the_pooler_has_one()
    {
        using SavedModel model = new();
        float[] before = model.Vector();
        CopyTensor(model, "pooler.dense.bias", "mlp.dense.bias");
        Assert.Equal(before, model.Vector());
        string message = model.Refusal(new() { Pooler = Pooler.Cls });
        Assert.Contains("'pooler.dense.bias'", message, StringComparison.Ordinal);
        Assert.Contains("'mlp.dense.bias'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_in_two_shards_is_refused_and_one_that_the_index_does_not_list_is_used()
    {
        using SavedModel model = new();
        float[] before = model.Vector();
        Shard(model);
        const string name = "embeddings.LayerNorm.weight";
        JsonObject index = JsonFile.ReadObject(model.In("model.safetensors.index.json"));
        string holder = (string)index["weight_map"]![name]!;
        index["weight_map"]!.AsObject().Remove(name);
        File.WriteAllText(model.In("model.safetensors.index.json"), index.ToJsonString());
        Assert.Equal(before, model.Vector());

        const string second = "model-second.safetensors";
        TensorToWrite copy = SentenceTransformersFiles.Tensor(name, new double[16], 16);
        SafetensorsWriter.Write(model.In(second), [copy], new Dictionary<string, string>());
        index["weight_map"]![name] = second;
        File.WriteAllText(model.In("model.safetensors.index.json"), index.ToJsonString());
        string message = model.Refusal();
        Assert.Contains(holder, message, StringComparison.Ordinal);
        Assert.Contains(second, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_that_are_not_used_may_be_anything()
    {
        using SavedModel model = new();
        float[] before = model.Vector();
        double[] nan = [.. Enumerable.Repeat(double.NaN, 16)];
        string[] unused = ["cls.predictions.bias", "momentum_model.bert.embeddings.LayerNorm.weight", "mlp.dense.bias"];
        model.ChangeTensors(tensors =>
        [
            .. tensors.Where(tensor => !tensor.Name.StartsWith("pooler", StringComparison.Ordinal)),
            .. unused.Select(name => SentenceTransformersFiles.Tensor(name, nan, 16)),
            new TensorToWrite("embeddings.position_ids", "I64", [1, 2], () => new byte[16]),
            new TensorToWrite("bert.embeddings.position_ids", "I64", [1, 2], () => new byte[16]),
        ]);
        Assert.Equal(before, model.Vector());
    }

    [Theory]
    [InlineData("I32", 4)]
    [InlineData("U64", 8)]
    public void A_used_tensor_of_another_type_is_refused_by_name(string type, int bytes)
    {
        using SavedModel model = new();
        const string name = "encoder.layer.0.output.dense.bias";
        model.ChangeTensors(tensors =>
        [
            .. tensors.Where(tensor => tensor.Name != name),
            new TensorToWrite(name, type, [16], () => new byte[16 * bytes]),
        ]);
        Assert.Contains($"model.safetensors: tensor '{name}': found {type}", model.Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("modules.json")]
    [InlineData("model.safetensors")]
    [InlineData("sentence_bert_config.json")]
    [InlineData("config_sentence_transformers.json")]
    [InlineData("1_Pooling/config.json")]
    [InlineData("esimcse.json")]
    [InlineData("model.safetensors.index.json")]
    public void A_link_to_nothing_is_named(string file)
    {
        using SavedModel model = new();
        if (file.EndsWith("index.json", StringComparison.Ordinal)) File.Delete(model.In("model.safetensors"));
        File.Delete(model.In(file));
        File.CreateSymbolicLink(model.In(file), "../../blobs/0f5c1d");
        Assert.Contains($"{file}: a link to ../../blobs/0f5c1d", model.Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_is_refused_whatever_else_is_in_the_folder()
    {
        using SavedModel model = new();
        model.Write("adapter_config.json", """{"peft_type": "LORA"}""");
        Assert.Contains("adapter_config.json: adapters", model.Refusal(), StringComparison.Ordinal);
    }

    static void CopyTensor(SavedModel model, string name, string second) => model.ChangeTensors(tensors =>
        [.. tensors, tensors.Single(tensor => tensor.Name == name) with { Name = second }]);

    static void Shard(SavedModel model)
    {
        List<TensorToWrite> tensors = model.ReadTensors();
        JsonObject map = [];
        for (int shard = 0; shard < 3; shard++)
        {
            string name = $"model-{shard + 1:D5}-of-00003.safetensors";
            TensorToWrite[] some = [.. tensors.Where((_, i) => i % 3 == shard)];
            SafetensorsWriter.Write(model.In(name), some, new Dictionary<string, string>());
            foreach (TensorToWrite tensor in some) map[tensor.Name] = name;
        }
        JsonObject index = new() { ["metadata"] = new JsonObject(), ["weight_map"] = map };
        File.WriteAllText(model.In("model.safetensors.index.json"), index.ToJsonString());
        File.Delete(model.In("model.safetensors"));
    }

    static int[][] Ids(JsonElement rows) =>
        [.. rows.EnumerateArray().Select(row => row.EnumerateArray().Select(id => id.GetInt32()).ToArray())];
}

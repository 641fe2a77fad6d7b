using System.Text.Json;
using System.Text.Json.Nodes;
using EsimCse.Core;
using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Cpu;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Model;

/// <summary>The ways in which weights lie in other people's folders.</summary>
public class ModelTensorsTests
{
    static List<TensorToWrite> Tensors(string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        List<TensorToWrite> tensors = [];
        foreach (StoredTensor tensor in file.Tensors.Values)
        {
            float[] values = new float[tensor.Count];
            file.ReadFloats(tensor, values);
            tensors.Add(TensorToWrite.Floats(tensor.Name, [.. tensor.Shape.Select(size => (int)size)], () => values));
        }
        return tensors;
    }

    static void Write(string path, IEnumerable<TensorToWrite> tensors) => SafetensorsWriter.Write(path, [.. tensors], new Dictionary<string, string>());

    static float[] Vector(string folder)
    {
        using SentenceEncoder encoder = OnCpu.Load(folder);
        return encoder.Encode("the old cat sees a bird");
    }

    static void Shard(SmallModel small)
    {
        string run = small.In("run"), whole = Path.Combine(run, "model.safetensors");
        List<TensorToWrite> tensors = Tensors(run);
        JsonObject map = [];
        for (int part = 0; part < 3; part++)
        {
            string name = $"model-{part + 1:D5}-of-00003.safetensors";
            TensorToWrite[] some = [.. tensors.Where((_, i) => i % 3 == part)];
            Write(Path.Combine(run, name), some);
            foreach (TensorToWrite tensor in some) map[tensor.Name] = name;
        }
        File.WriteAllText(whole + ".index.json", new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = map }.ToJsonString());
        File.Delete(whole);
    }

    [Fact]
    public void Shards_are_one_model_and_a_missing_one_is_named()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        float[] before = Vector(small.In("run"));
        Shard(small);
        Assert.Equal(before, Vector(small.In("run")));
        string shard = small.In("run", "model-00002-of-00003.safetensors");
        byte[] content = File.ReadAllBytes(shard);
        File.WriteAllBytes(shard, content[..^1]);
        Assert.Contains("model-00002-of-00003.safetensors", Assert.Throws<InvalidInputException>(() => Vector(small.In("run"))).Message, StringComparison.Ordinal);
        File.Delete(shard);
        Assert.Contains("model-00002-of-00003.safetensors", Assert.Throws<InvalidInputException>(() => Vector(small.In("run"))).Message, StringComparison.Ordinal);
        File.WriteAllText(small.In("run", "model.safetensors.index.json"), "{}");
        Assert.Contains("weight_map", Assert.Throws<InvalidInputException>(() => Vector(small.In("run"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Old_names_a_prefix_and_other_heads_give_the_same_vectors()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        float[] before = Vector(small.In("run"));
        string Old(string name) => "bert." + name.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal).Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal);
        Write(small.In("run", "model.safetensors"), [.. Tensors(small.In("run")).Select(tensor => tensor with { Name = Old(tensor.Name) }),
            TensorToWrite.Floats("cls.predictions.bias", [20], () => new float[20]), TensorToWrite.Floats("bert.embeddings.position_ids", [1, 40], () => new float[40])]);
        Assert.Equal(before, Vector(small.In("run")));
    }

    [Fact]
    public void A_model_that_was_once_a_pickle_gives_the_reference()
    {
        string folder = SharedData.Path("models", "bert-random-mini-bin");
        JsonElement reference = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "reference-forward.json"))).RootElement;
        int[][] ids = [.. reference.GetProperty("input_ids").EnumerateArray().Zip(reference.GetProperty("attention_mask").EnumerateArray(),
            (row, mask) => row.EnumerateArray().Select(id => id.GetInt32()).Take(mask.EnumerateArray().Sum(bit => bit.GetInt32())).ToArray())];
        BertConfig config = BertConfig.Read(Path.Combine(folder, "config.json"));
        using CpuBackend backend = new(1);
        using ModelTensors tensors = ModelTensors.Open(folder);
        using BertParameters bert = BertParameters.Load(backend, config, tensors, head: false);
        using Embedder embedder = new(backend, config, Pooler.ClsBeforePooler);
        double[] expected = [.. reference.GetProperty("last_hidden_state").EnumerateArray().SelectMany(sentence => sentence[0].EnumerateArray().Select(value => value.GetDouble()))];
        new Tolerance(2e-5, 2e-5, "fp32 through the layers").Check(expected, [.. embedder.Embed(bert.Weights, ids).Select(value => (double)value)], "[CLS]");
    }

    [Fact]
    public void Pickles_alone_and_RoBERTa_are_refused_in_a_line()
    {
        using SmallModel small = new();
        SmallModel.Train(small.Job("run"));
        File.Move(small.In("run", "model.safetensors"), small.In("run", "pytorch_model.bin"));
        Assert.Contains("pytorch_model.bin", Assert.Throws<InvalidInputException>(() => Vector(small.In("run"))).Message, StringComparison.Ordinal);
        string roberta = SharedData.Path("models", "roberta-random-l2-h32");
        foreach (string recipe in new[] { "roberta-base", "roberta-large" })
        {
            (int code, _, string error) = Tool.Run("", "train", roberta, "--recipe", recipe, "--data", small.In("corpus.txt"), "--output", small.In("never"));
            Assert.Equal(3, code);
            Assert.Contains("RoBERTa", error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(small.In("never")));
        }
    }
}

using EsimCse.Core.Files;
using EsimCse.Core.Model;
using EsimCse.Core.Text;
using EsimCse.Cpu;

namespace EsimCse.Bench.Compare;

/// <summary>The files that participants share: copies of models, and a part of the corpus as lines.</summary>
sealed class WorkFolder(string data)
{
    readonly string _path = Path.Combine(Programs.Repository, "artifacts", "compare");

    /// <summary>Returns a path in the folder.</summary>
    public string File(string name)
    {
        Directory.CreateDirectory(_path);
        return Path.Combine(_path, name);
    }

    /// <summary>Writes the first sentences of the corpus, and returns the path.</summary>
    public string Sentences(int count)
    {
        string corpus = Path.Combine(data, "corpus", "wikipedia-en-10k.txt");
        string path = File($"sentences-{count}.txt");
        System.IO.File.WriteAllLines(path, SentenceFile.ReadLines(corpus).Take(count));
        return path;
    }

    /// <summary>Writes lines, and returns the path.</summary>
    public string Lines(string name, IEnumerable<string> lines)
    {
        string path = File(name);
        System.IO.File.WriteAllLines(path, lines);
        return path;
    }

    /// <summary>Copies a model folder's own files to where graphs can be written next to them.</summary>
    public string Model(string name)
    {
        string source = Path.Combine(data, "models", name);
        string target = File(name);
        foreach (string file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(target, Path.GetRelativePath(source, file));
            if (System.IO.File.Exists(copy)) continue;
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            System.IO.File.WriteAllBytes(copy, System.IO.File.ReadAllBytes(file));
        }
        return target;
    }

    /// <summary>Writes a model of bert-base's shape with random weights, and returns its folder.</summary>
    public string BertBase()
    {
        string target = File("bert-base-random");
        string weights = Path.Combine(target, "model.safetensors");
        if (System.IO.File.Exists(weights)) return target;
        Directory.CreateDirectory(target);
        string vocabulary = Path.Combine(data, "models", "all-MiniLM-L6-v2", "vocab.txt");
        System.IO.File.WriteAllBytes(
            Path.Combine(target, "vocab.txt"), System.IO.File.ReadAllBytes(vocabulary));
        System.IO.File.WriteAllText(Path.Combine(target, "config.json"), BertBaseConfig);
        BertConfig config = BertConfig.Read(Path.Combine(target, "config.json"));
        using CpuBackend backend = new();
        using BertParameters bert = BertParameters.Random(backend, config, head: true, seed: 1);
        TensorToWrite[] tensors =
        [
            .. bert.Layout.Tensors.Select(tensor =>
                TensorToWrite.Floats(tensor.Name, tensor.Shape, () => bert.Get(tensor))),
        ];
        SafetensorsWriter.Write(weights, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        return target;
    }

    const string BertBaseConfig = """
        {
          "architectures": ["BertModel"],
          "attention_probs_dropout_prob": 0.1,
          "hidden_act": "gelu",
          "hidden_dropout_prob": 0.1,
          "hidden_size": 768,
          "initializer_range": 0.02,
          "intermediate_size": 3072,
          "layer_norm_eps": 1e-12,
          "max_position_embeddings": 512,
          "model_type": "bert",
          "num_attention_heads": 12,
          "num_hidden_layers": 12,
          "pad_token_id": 0,
          "type_vocab_size": 2,
          "vocab_size": 30522
        }
        """;
}

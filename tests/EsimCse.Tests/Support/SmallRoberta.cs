using System.Text.Json.Nodes;
using EsimCse.Core.Training;
using EsimCse.Tests.Text;

namespace EsimCse.Tests.Support;

/// <summary>A <see cref="SmallModel"/> of RoBERTa: its vocabulary is vocab.json and merges.txt.</summary>
public sealed class SmallRoberta : IDisposable
{
    readonly SmallModel _small = new();

    public SmallRoberta()
    {
        File.Delete(In("vocab.txt"));
        BytePairFolder.Write(Folder);
        JsonObject config = JsonNode.Parse(File.ReadAllText(In("config.json")))!.AsObject();
        config["model_type"] = "roberta";
        config["vocab_size"] = BytePairFolder.Vocabulary().Count;
        config["pad_token_id"] = 1;
        config["type_vocab_size"] = 1;
        File.WriteAllText(In("config.json"), config.ToJsonString());
    }

    /// <summary>The folder of configuration, tokenizer, corpus and dev pairs.</summary>
    public string Folder => _small.Folder;

    public string In(params string[] parts) => _small.In(parts);

    public TrainingJob Job(string output) => _small.Job(output);

    public void Dispose() => _small.Dispose();
}

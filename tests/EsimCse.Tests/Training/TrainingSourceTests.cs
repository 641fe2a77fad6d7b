using EsimCse.Core;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Training;

/// <summary>Training from the folders of sentence-transformers.</summary>
public sealed class TrainingSourceTests : IDisposable
{
    readonly SmallModel _small = new();
    readonly SavedModel _model = new();

    TrainingJob Job => _small.Job("again") with { Config = null, Vocabulary = null, Model = _model.Folder };

    [Fact]
    public void A_default_prompt_is_refused()
    {
        _model.Merge("config_sentence_transformers.json", """{"prompts": {"q": "a "}, "default_prompt_name": "q"}""");
        string message = Assert.Throws<InvalidInputException>(() => SmallModel.Train(Job)).Message;
        const string named = "config_sentence_transformers.json: default_prompt_name: found \"q\"";
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lower_casing_is_trained_evaluated_and_saved()
    {
        _model.Replace("tokenizer.json", "\"lowercase\": true", "\"lowercase\": false");
        _model.Merge("sentence_bert_config.json", """{"do_lower_case": true}""");
        double lower = Train("again");
        foreach (string file in new[] { "corpus.txt", Path.Combine("stsb", "sts-dev.csv") })
            File.WriteAllText(_small.In(file), File.ReadAllText(_small.In(file)).ToUpperInvariant());
        Assert.Equal(lower, Train("upper"));
        using SentenceEncoder encoder = OnCpu.Load(_small.In("upper"));
        Assert.Equal(lower, encoder.Score(StsSets.Read(_small.Folder, "stsb-dev")).Spearman);
    }

    [Fact]
    public void A_folder_without_model_type_is_saved_with_it()
    {
        _model.Merge("config.json", """{"model_type": null, "architectures": ["BertForMaskedLM"]}""");
        SmallModel.Train(Job);
        string saved = File.ReadAllText(_small.In("again", "config.json"));
        Assert.Contains("\"model_type\": \"bert\"", saved, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _small.Dispose();
        _model.Dispose();
    }

    double Train(string output)
    {
        TrainingJob job = Job with { Output = _small.In(output) };
        return EncoderTraining.Run(job, device: OnCpu.Device)!.Value.Score;
    }
}

using EsimCse.Core.Model;
using EsimCse.Core.Training;

namespace EsimCse.Cli;

/// <summary>The settings of the published runs: Wu et al., ESimCSE, arXiv 2109.04380.</summary>
static class Recipes
{
    /// <summary>The hidden size of the published large models.</summary>
    const int LargeHiddenSize = 1024;

    public static IReadOnlyList<string> Names { get; } = ["bert-base", "bert-large", "roberta-base", "roberta-large"];

    /// <summary>Returns the name of the recipe of a model's family and size.</summary>
    public static string NameFor(BertConfig config)
    {
        string size = config.HiddenSize < LargeHiddenSize ? "base" : "large";
        return $"{config.Family.ModelType}-{size}";
    }

    public static TrainingOptions Get(string name) => name switch
    {
        "bert-large" => new() { LearningRate = 1e-5f },
        "roberta-base" => new() { LearningRate = 1e-5f, RepetitionRate = 0.30 },
        "roberta-large" => new() { LearningRate = 1e-5f, RepetitionRate = 0.28, QueueSize = 128, Dropout = 0.15f },
        _ => new(),
    };
}

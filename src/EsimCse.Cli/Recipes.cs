using EsimCse.Core.Training;

namespace EsimCse.Cli;

/// <summary>The settings of the published runs: Wu et al., ESimCSE, arXiv 2109.04380.</summary>
static class Recipes
{
    public const string Default = "bert-base";

    public static IReadOnlyList<string> Names { get; } = [Default, "bert-large", "roberta-base", "roberta-large"];

    public static TrainingOptions Get(string name) => name switch
    {
        "bert-large" => new() { LearningRate = 1e-5f },
        "roberta-base" => new() { LearningRate = 1e-5f, RepetitionRate = 0.30 },
        "roberta-large" => new() { LearningRate = 1e-5f, RepetitionRate = 0.28, QueueSize = 128, Dropout = 0.15f },
        _ => new(),
    };
}

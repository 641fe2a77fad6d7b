using EsimCse.Core.Training;

namespace EsimCse.Cli;

/// <summary>The settings of the published runs.</summary>
static class Recipes
{
    public static readonly string[] Names = ["bert-base", "bert-large", "roberta-base", "roberta-large"];

    public static TrainingOptions Get(string name) => name switch
    {
        "bert-large" => new() { LearningRate = 1e-5f },
        "roberta-base" => new() { LearningRate = 1e-5f, RepetitionRate = 0.30 },
        "roberta-large" => new() { LearningRate = 1e-5f, RepetitionRate = 0.28, QueueSize = 128, Dropout = 0.15f },
        _ => new(),
    };
}

using EsimCse.Core.Evaluation;

namespace EsimCse.Core.Training;

/// <summary>The inputs, output and options of a training run.</summary>
public sealed record TrainingJob
{
    /// <summary>
    /// The model folder to start from, or the id of a model of the hub, which EncoderTraining downloads; null to start
    /// from scratch.
    /// </summary>
    public string? Model { get; init; }

    /// <summary>The hub's id of <see cref="Model"/>, its name in run.json and the model card; null for none.</summary>
    internal string? ModelId { get; private init; }

    /// <summary>The config.json of a model to draw at random, where there is no <see cref="Model"/>.</summary>
    public string? Config { get; init; }

    /// <summary>The folder of the tokenizer, where there is no <see cref="Model"/>.</summary>
    public string? Vocabulary { get; init; }

    /// <summary>
    /// The files of sentences, folders of them, and globs (*, ?, [a-z], **). Files keep the order given here; those of
    /// a folder or a glob are in ordinal order of their paths.
    /// </summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>The column to read of csv, tsv, jsonl and json files; null for the default.</summary>
    public string? Column { get; init; }

    /// <summary>
    /// The columns of anchors, positives and, if there is a third, hard negatives; empty where each sentence is its own
    /// positive. Positives are augmented as <see cref="TrainingOptions.Repetition"/> says; published runs on such rows
    /// use <see cref="Backend.Augmentation.None"/>.
    /// </summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>The folder to write.</summary>
    public required string Output { get; init; }

    /// <summary>A folder with stsb/sts-dev.csv to evaluate on; null for no evaluation.</summary>
    public string? EvaluationData { get; init; }

    /// <summary>Whether to continue from the newest checkpoint.</summary>
    public bool Resume { get; init; }

    /// <summary>Whether to replace an earlier run in <see cref="Output"/>.</summary>
    public bool Overwrite { get; init; }

    /// <summary>The hyperparameters.</summary>
    public TrainingOptions Options { get; init; } = new();

    /// <summary>Returns the job with the folder of its model, which keeps the name that it had.</summary>
    internal TrainingJob WithFolder(string folder) =>
        folder == Model ? this : this with { Model = folder, ModelId = Model };
}

/// <summary>The progress of a training run.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Loss">The loss of the last step; NaN before the first.</param>
/// <param name="SentencesPerSecond">The rate in anchors, smoothed.</param>
/// <param name="Remaining">The time left, without evaluations.</param>
/// <param name="Score">Spearman's correlation on the dev set, −1 … 1; null for the report of a step.</param>
/// <param name="BestScore">The best score so far; null for none.</param>
public sealed record TrainingProgress(
    int Step,
    int Steps,
    double Loss,
    double SentencesPerSecond,
    TimeSpan Remaining,
    double? Score,
    double? BestScore)
{
    /// <summary>The numbers of the step; null for the report of an evaluation.</summary>
    public StepMetrics? Metrics { get; init; }

    /// <summary>All scores of the evaluation; null for the report of a step.</summary>
    public DevEvaluation? Evaluation { get; init; }
}

/// <summary>The numbers of a training step, as metrics.jsonl has them.</summary>
/// <param name="Loss">The loss.</param>
/// <param name="LearningRate">The learning rate.</param>
/// <param name="GradientNorm">The norm of the gradients of all trained tensors, before clipping.</param>
/// <param name="SentencesPerSecond">The rate in anchors.</param>
public sealed record StepMetrics(double Loss, double LearningRate, double GradientNorm, double SentencesPerSecond)
{
    /// <summary>The masked-language loss, before its weight; null without one.</summary>
    public double? MlmLoss { get; init; }

    /// <summary>The numbers by their names in metrics.jsonl.</summary>
    public IEnumerable<KeyValuePair<string, double>> Values =>
    [
        new("loss", Loss),
        .. MlmLoss is { } mlm ? [new("mlm_loss", mlm)] : Array.Empty<KeyValuePair<string, double>>(),
        new("learning_rate", LearningRate),
        new("gradient_norm", GradientNorm),
        new("sentences_per_second", SentencesPerSecond),
    ];
}

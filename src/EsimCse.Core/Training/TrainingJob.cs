namespace EsimCse.Core.Training;

/// <summary>What a run reads and writes.</summary>
public sealed record TrainingJob
{
    /// <summary>The model folder to start from; null to start from scratch.</summary>
    public string? Model { get; init; }

    /// <summary>Without a model: the config.json of the encoder to draw.</summary>
    public string? Config { get; init; }

    /// <summary>Without a model: the folder of the tokenizer.</summary>
    public string? Vocabulary { get; init; }

    /// <summary>The files of sentences.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>The column of csv, tsv and jsonl files.</summary>
    public string? Column { get; init; }

    /// <summary>The folder to write.</summary>
    public required string Output { get; init; }

    /// <summary>A folder with stsb/sts-dev.csv; null for no evaluation.</summary>
    public string? EvaluationData { get; init; }

    /// <summary>Go on from the newest checkpoint.</summary>
    public bool Resume { get; init; }

    /// <summary>Start anew over what a finished or broken run left.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Every knob.</summary>
    public TrainingOptions Options { get; init; } = new();
}

/// <summary>How far a run is.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Loss">Of the last step; NaN before the first.</param>
/// <param name="SentencesPerSecond">Original sentences.</param>
/// <param name="Remaining">Time left, evaluations not counted.</param>
/// <param name="Score">Dev Spearman, where this report is of an evaluation.</param>
/// <param name="BestScore">The best so far.</param>
public sealed record TrainingProgress(int Step, int Steps, double Loss, double SentencesPerSecond, TimeSpan Remaining, double? Score, double? BestScore);

using System.Text.Json;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Files;

namespace EsimCse.Core.Training;

/// <summary>The content of a metrics.jsonl: the numbers of each step, and the scores of each evaluation.</summary>
sealed record RunMetrics
{
    const string LossKey = "loss", MlmLossKey = "mlm_loss", ScoreKey = "stsb_dev";

    /// <summary>The steps, in order.</summary>
    public required IReadOnlyList<(int Step, StepMetrics Metrics)> Steps { get; init; }

    /// <summary>The evaluations, in the order of their steps.</summary>
    public required IReadOnlyList<(int Step, DevEvaluation Scores)> Evaluations { get; init; }

    /// <summary>The first evaluation with the highest score, that of the model that is kept; null for none.</summary>
    public (int Step, DevEvaluation Scores)? Best
    {
        get
        {
            (int Step, DevEvaluation Scores)? best = null;
            foreach ((int Step, DevEvaluation Scores) evaluation in Evaluations)
                if (evaluation.Scores.Spearman > (best?.Scores.Spearman ?? double.NegativeInfinity)) best = evaluation;
            return best;
        }
    }

    /// <summary>Reads a file, which a run may be writing.</summary>
    /// <exception cref="InvalidInputException">It is missing, or a line is not valid; the message names it.</exception>
    public static RunMetrics Read(string path)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file, expected a run's metrics");
        List<(int, StepMetrics)> steps = [];
        List<(int, DevEvaluation)> evaluations = [];
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using StreamReader reader = new(stream);
        (int Step, int Evaluation) last = (0, -1);
        for (int number = 1; reader.ReadLine() is { } text; number++)
        {
            MetricsLine line = MetricsLine.Parse(text, $"{path}({number})");
            if (line.Contains(LossKey)) steps.Add((last.Step = line.Step(after: last.Step), ReadStep(line)));
            else if (line.Contains(ScoreKey))
                evaluations.Add((last.Evaluation = line.Step(after: last.Evaluation), ReadEvaluation(line)));
            else throw line.Wrong($"\"{LossKey}\" or \"{ScoreKey}\"");
        }
        return new RunMetrics { Steps = steps, Evaluations = evaluations };
    }

    static StepMetrics ReadStep(MetricsLine line) => new(
        line.Number(LossKey),
        line.Number("learning_rate"),
        line.Number("gradient_norm"),
        line.Number("sentences_per_second"))
    {
        MlmLoss = line.Contains(MlmLossKey) ? line.Number(MlmLossKey) : null,
    };

    static DevEvaluation ReadEvaluation(MetricsLine line) =>
        new(line.Number(ScoreKey), line.Number("alignment"), line.Number("uniformity"))
        {
            NearSpearman = line.Number("near_spearman"),
            FarSpearman = line.Number("far_spearman"),
            NearMeanCosine = line.Number("near_mean_cosine"),
            FarMeanCosine = line.Number("far_mean_cosine"),
        };

    /// <summary>One object of the file, and its place for errors.</summary>
    readonly record struct MetricsLine(JsonElement Json, string Place)
    {
        public static MetricsLine Parse(string text, string place)
        {
            try
            {
                JsonElement json = JsonElement.Parse(text);
                if (json.ValueKind == JsonValueKind.Object) return new MetricsLine(json, place);
            }
            catch (JsonException)
            {
            }
            throw new InvalidInputException($"{place}: found {JsonFile.Excerpt(text)}, expected a JSON object");
        }

        public bool Contains(string name) => Json.TryGetProperty(name, out _);

        public int Step(int after)
        {
            bool isThere = Json.TryGetProperty("step", out JsonElement value);
            bool isNumber = isThere && value.ValueKind == JsonValueKind.Number;
            if (isNumber && value.TryGetInt32(out int step) && step > after) return step;
            throw Wrong($"\"step\" above {after}");
        }

        /// <summary>Returns a number; NaN for null.</summary>
        public double Number(string name)
        {
            if (!Json.TryGetProperty(name, out JsonElement value)) throw Wrong($"\"{name}\"");
            if (value.ValueKind == JsonValueKind.Null) return double.NaN;
            bool isNumber = value.ValueKind == JsonValueKind.Number;
            return isNumber && value.TryGetDouble(out double number) ? number : throw Wrong($"a number as \"{name}\"");
        }

        public InvalidInputException Wrong(string expected) =>
            new($"{Place}: found {JsonFile.Excerpt(Json.GetRawText())}, expected {expected}");
    }
}

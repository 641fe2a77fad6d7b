using System.Text.Json;

namespace EsimCse.Core.Evaluation.Transfer;

/// <summary>Scores of an encoder on transfer tasks.</summary>
/// <param name="Tasks">The tasks' names and scores, in SentEval's order.</param>
public sealed record TransferReport(IReadOnlyList<(string Name, TransferScore Score)> Tasks)
{
    /// <summary>Mean accuracy over the tasks.</summary>
    public double Average => Tasks.Average(task => task.Score.Accuracy);

    /// <summary>Writes the scores as the property "transfer" of a JSON object.</summary>
    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("transfer");
        foreach ((string name, TransferScore score) in Tasks)
        {
            json.WriteStartObject(name);
            json.WriteNumber("accuracy", score.Accuracy);
            json.WriteNumber("dev", score.Dev);
            json.WriteEndObject();
        }
        json.WriteNumber("average", Average);
        json.WriteEndObject();
    }
}

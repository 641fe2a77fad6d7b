using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EsimCse.Core.Files;

namespace EsimCse.Core.Training;

/// <summary>
/// The file run.json: the options and inputs of a run, for people and for reports. It holds no time and no path, so
/// that the same run gives the same bytes.
/// </summary>
sealed record RunDescription
{
    /// <summary>Name of the file in a run's folder.</summary>
    public const string Name = "run.json";

    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    static readonly SettingKeys Keys = new()
    {
        Honoured = ["version", "model", "data", "sentences", "steps", "options", "inputs"],
    };

    /// <summary>The version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>
    /// The name of the folder to start from, the id of a model of the hub, or the name of a run's config.json.
    /// </summary>
    public required string Model { get; init; }

    /// <summary>The names of the files of sentences.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>The number of sentences.</summary>
    public required int Sentences { get; init; }

    /// <summary>The number of steps in all.</summary>
    public required int Steps { get; init; }

    /// <summary>The options by their command-line names without dashes, in the order of the option table.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Options { get; init; }

    /// <summary>Digests of the inputs, by the command-line name of their option.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Inputs { get; init; }

    /// <summary>Describes a run.</summary>
    /// <param name="job">The job.</param>
    /// <param name="sentences">The number of sentences.</param>
    /// <param name="steps">The number of steps in all.</param>
    /// <param name="stored">The element type of activations.</param>
    /// <param name="inputs">Digests of the files it reads, by command-line name.</param>
    public static RunDescription From(
        TrainingJob job,
        int sentences,
        int steps,
        ElementType stored,
        IReadOnlyDictionary<string, string> inputs)
    {
        List<KeyValuePair<string, string>> options = [];
        foreach (TrainingOption option in TrainingOptionTable.Rows)
            if (option.Format(job.Options) is { } value) options.Add(new(option.Name.TrimStart('-'), value));
        if (job.Columns.Count > 0) options.Add(new("columns", string.Join(',', job.Columns)));
        options.Add(new("precision", stored.Name()));
        return new RunDescription
        {
            Version = typeof(RunDescription).Assembly.GetName().Version!.ToString(3),
            Model = job.ModelId ?? FileName(job.Model ?? job.Config!),
            Data = [.. job.Data.Select(file => Path.GetFileName(file))],
            Sentences = sentences,
            Steps = steps,
            Options = options,
            Inputs = [.. inputs],
        };
    }

    /// <summary>Reads the file of a run's folder.</summary>
    /// <exception cref="InvalidInputException">It is missing or not valid.</exception>
    public static RunDescription Read(string folder)
    {
        JsonSettings json = JsonSettings.Read(Path.Combine(folder, Name), Keys);
        return new RunDescription
        {
            Version = json.Text("version") ?? throw json.Wrong("version", "a string"),
            Model = json.Text("model") ?? throw json.Wrong("model", "a string"),
            Data = json.Texts("data") ?? throw json.Wrong("data", "a list of strings"),
            Sentences = json.RequiredInteger("sentences", 0),
            Steps = json.RequiredInteger("steps", 0),
            Options = ReadTexts(json, "options"),
            Inputs = ReadTexts(json, "inputs"),
        };
    }

    /// <summary>Writes the file into a run's folder.</summary>
    public void Write(string folder)
    {
        JsonObject json = new()
        {
            ["version"] = Version,
            ["model"] = Model,
            ["data"] = new JsonArray([.. Data.Select(file => JsonValue.Create(file))]),
            ["sentences"] = Sentences,
            ["steps"] = Steps,
            ["options"] = WriteTexts(Options),
            ["inputs"] = WriteTexts(Inputs),
        };
        byte[] bytes = Encoding.UTF8.GetBytes(json.ToJsonString(Indented) + "\n");
        AtomicFile.Write(Path.Combine(folder, Name), stream => stream.Write(bytes));
    }

    static string FileName(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    static JsonObject WriteTexts(IReadOnlyList<KeyValuePair<string, string>> texts) =>
        new(texts.Select(text => KeyValuePair.Create(text.Key, (JsonNode?)JsonValue.Create(text.Value))));

    static List<KeyValuePair<string, string>> ReadTexts(JsonSettings json, string key)
    {
        JsonSettings texts = json.Object(key, SettingKeys.Map) ?? throw json.Wrong(key, "an object");
        return [.. texts.Names.Select(name => KeyValuePair.Create(name, Text(name)))];

        string Text(string name) => texts.Text(name) ?? throw texts.Wrong(name, "a string");
    }
}

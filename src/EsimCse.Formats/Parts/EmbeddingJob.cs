using System.Text.Json.Nodes;

namespace EsimCse.Formats.Parts;

/// <summary>An input of a job.</summary>
/// <param name="Name">Its path as given, or - for standard input.</param>
/// <param name="Bytes">Its size; null where it has none.</param>
sealed record JobInput(string Name, long? Bytes);

/// <summary>
/// Everything that determines the vectors of a job and their division into parts. Processes that work on the same job
/// give the same bytes.
/// </summary>
/// <param name="Model">SHA-256 of the model's files.</param>
/// <param name="Tokenizer">SHA-256 of the tokenizer's files.</param>
/// <param name="Options">The options, by name.</param>
/// <param name="Inputs">The inputs, in their order.</param>
sealed record EmbeddingJob(string Model, string Tokenizer, JsonObject Options, IReadOnlyList<JobInput> Inputs)
{
    /// <summary>The option that states the number of rows of a part.</summary>
    public const string ChunkRowsKey = "chunk_rows";

    /// <summary>The option that states the format of the parts, such as npy.</summary>
    public const string FormatKey = "format";

    /// <summary>The option that states the type of elements.</summary>
    public const string OutputTypeKey = "output_type";

    /// <summary>The option that states the elements of a vector.</summary>
    public const string DimensionsKey = "dimensions";

    /// <summary>The option that lists the columns that are carried along.</summary>
    public const string KeepKey = "keep";

    /// <summary>Creates a job.</summary>
    /// <inheritdoc cref="EmbeddingJob(string, string, JsonObject, IReadOnlyList{JobInput})"/>
    public static EmbeddingJob Create(
        string model, string tokenizer, JsonObject options, IReadOnlyList<JobInput> inputs)
    {
        // Parsed, so that numbers compare and convert as those of a file.
        JsonObject parsed = (JsonObject)JsonNode.Parse(options.ToJsonString())!;
        return new EmbeddingJob(model, tokenizer, parsed, inputs);
    }

    /// <summary>Rows of a part; the last one may have fewer.</summary>
    public long ChunkRows => Options.RequiredNumber(ChunkRowsKey);

    /// <summary>Elements of a vector.</summary>
    public int Dimension => Options.Required(DimensionsKey).GetValue<int>();

    /// <summary>The type of elements.</summary>
    public OutputType OutputType => OutputTypes.FromName(Options.RequiredText(OutputTypeKey))!.Value;

    /// <summary>The extension of the parts, with its point.</summary>
    public string Extension => "." + Options.RequiredText(FormatKey);

    /// <summary>Returns the first difference to another job, as a name and both values; null for none.</summary>
    public (string Name, string Mine, string Other)? FindDifference(EmbeddingJob other)
    {
        foreach (string name in Options.Select(option => option.Key).Union(other.Options.Select(option => option.Key)))
            if (!JsonNode.DeepEquals(Options[name], other.Options[name]))
                return (name, Quote(Options[name]), Quote(other.Options[name]));
        if (FindDifferentInput(other) is { } input) return input;
        if (Model != other.Model) return ("model", Model, other.Model);
        return Tokenizer == other.Tokenizer ? null : ("tokenizer", Tokenizer, other.Tokenizer);
    }

    (string Name, string Mine, string Other)? FindDifferentInput(EmbeddingJob other)
    {
        if (Inputs.Count != other.Inputs.Count)
            return ("inputs", Count(Inputs), Count(other.Inputs));
        foreach ((JobInput mine, JobInput theirs) in Inputs.Zip(other.Inputs))
            if (mine != theirs) return ("inputs", Describe(mine), Describe(theirs));
        return null;

        static string Count(IReadOnlyList<JobInput> inputs) => $"{inputs.Count} inputs";

        static string Describe(JobInput input) =>
            input.Bytes is { } bytes ? $"{input.Name} of {bytes} bytes" : input.Name;
    }

    static string Quote(JsonNode? value) => value?.ToJsonString() ?? "null";
}

using EsimCse.Core.Files;

namespace EsimCse.Core.Model.SentenceTransformers;

/// <summary>The settings of a folder's encode and similarity: config_sentence_transformers.json.</summary>
sealed record EncodingSettings
{
    const string PromptsKey = "prompts";
    const string DefaultKey = "default_prompt_name";
    const string DimensionKey = "truncate_dim";
    const string SimilarityKey = "similarity_fn_name";

    /// <summary>The keys that sentence-transformers reads. Other programs leave notes in this file.</summary>
    public static SettingKeys Keys { get; } = new()
    {
        Honoured = [PromptsKey, DefaultKey, DimensionKey, SimilarityKey],
        Harmless = ["__version__", "requirements"],
        Refused = new Dictionary<string, string[]> { ["model_type"] = ["\"SentenceTransformer\""] },
    };

    /// <summary>The text that goes before every sentence; may be empty.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>The texts of the prompts by their names.</summary>
    public IReadOnlyDictionary<string, string> Prompts { get; init; } = new Dictionary<string, string>();

    /// <summary>The columns that are kept, at least 1; null for all.</summary>
    public int? Dimension { get; init; }

    /// <summary>The function that compares vectors.</summary>
    public SimilarityFunction Similarity { get; init; } = SimilarityFunction.Cosine;

    /// <summary>The file, for error messages; null where there is none.</summary>
    JsonSettings? File { get; init; }

    /// <summary>Refuses a prompt, for work that has no place for one.</summary>
    /// <exception cref="InvalidInputException">There is a prompt.</exception>
    public void RequireNoPrompt(string work)
    {
        if (Prompt.Length > 0) throw File!.Wrong(DefaultKey, $"none to {work}, which does not use prompts");
    }

    /// <summary>Reads the file in a folder; the defaults where there is none.</summary>
    /// <exception cref="InvalidInputException">A setting is not supported.</exception>
    public static EncodingSettings Read(string folder)
    {
        string file = Path.Combine(folder, "config_sentence_transformers.json");
        if (JsonSettings.ReadOptional(file, Keys) is not { } settings) return new();
        Dictionary<string, string> prompts = ReadPrompts(settings);
        int? dimension = settings.Integer(DimensionKey, 0);
        return new()
        {
            File = settings,
            Prompts = prompts,
            Prompt = FindDefault(settings, prompts),
            // sentence-transformers does not truncate to 0 columns.
            Dimension = dimension == 0 ? null : dimension,
            Similarity = ReadSimilarity(settings),
        };
    }

    static Dictionary<string, string> ReadPrompts(JsonSettings settings)
    {
        JsonSettings? prompts = settings.Object(PromptsKey, SettingKeys.Map);
        return (prompts?.Names ?? []).ToDictionary(name => name, name => prompts!.Text(name) ?? "");
    }

    static string FindDefault(JsonSettings settings, Dictionary<string, string> prompts)
    {
        if (settings.Text(DefaultKey) is not { } name) return "";
        if (prompts.TryGetValue(name, out string? prompt)) return prompt;
        throw settings.Wrong(DefaultKey, $"one of the names in {PromptsKey}: {string.Join(", ", prompts.Keys)}");
    }

    static SimilarityFunction ReadSimilarity(JsonSettings settings)
    {
        if (settings.Text(SimilarityKey) is not { } name) return SimilarityFunction.Cosine;
        return Core.Similarity.Names.TryGetValue(name, out SimilarityFunction function)
            ? function
            : throw settings.Wrong(SimilarityKey, string.Join(", ", Core.Similarity.Names.Keys));
    }
}

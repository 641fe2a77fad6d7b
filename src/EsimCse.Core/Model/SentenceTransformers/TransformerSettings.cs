using EsimCse.Core.Files;

namespace EsimCse.Core.Model.SentenceTransformers;

/// <summary>The settings of the Transformer module: sentence_bert_config.json, in the encoder's folder.</summary>
/// <param name="MaxLength">max_seq_length; null where it is not stated.</param>
/// <param name="LowerCase">Whether text is lower-cased before the tokenizer reads it.</param>
sealed record TransformerSettings(int? MaxLength, bool LowerCase)
{
    const string MaxLengthKey = "max_seq_length", LowerCaseKey = "do_lower_case";

    /// <summary>The files that sentence-transformers looks for; it reads the first that is there.</summary>
    public static IReadOnlyList<string> Files { get; } =
    [
        "sentence_bert_config.json",
        "sentence_roberta_config.json",
        "sentence_distilbert_config.json",
        "sentence_camembert_config.json",
        "sentence_albert_config.json",
        "sentence_xlm-roberta_config.json",
        "sentence_xlnet_config.json",
    ];

    static readonly string[] NoObject = ["{}"];

    /// <summary>
    /// The keys of all versions. query_length and document_length serve encode_query and encode_document only.
    /// </summary>
    public static SettingKeys Keys { get; } = new()
    {
        Honoured = [MaxLengthKey, LowerCaseKey],
        Harmless = ["unpad_inputs", "query_length", "document_length", "backend", "cache_dir"],
        Refused = new Dictionary<string, string[]>
        {
            ["transformer_task"] = ["\"feature-extraction\""],
            ["module_output_name"] = ["\"token_embeddings\""],
            ["modality_config"] = ["""{"text":{"method":"forward","method_output_name":"last_hidden_state"}}"""],
            ["processing_kwargs"] = NoObject,
            ["query_expansion"] = [],
            ["model_args"] = NoObject,
            ["tokenizer_args"] = NoObject,
            ["config_args"] = NoObject,
            ["model_kwargs"] = NoObject,
            ["tokenizer_kwargs"] = NoObject,
            ["processor_kwargs"] = NoObject,
            ["config_kwargs"] = NoObject,
            ["tokenizer_name_or_path"] = [],
        },
        IsClosed = true,
    };

    /// <summary>Reads the settings in a folder; the defaults where it has none.</summary>
    /// <exception cref="InvalidInputException">A setting is not supported.</exception>
    public static TransformerSettings Read(string folder)
    {
        string? file = Files.Select(name => Path.Combine(folder, name)).FirstOrDefault(InputFile.IsPresent);
        if (file is null) return new(null, false);
        JsonSettings settings = JsonSettings.Read(file, Keys);
        return new(settings.Integer(MaxLengthKey, 2), settings.Flag(LowerCaseKey) ?? false);
    }
}

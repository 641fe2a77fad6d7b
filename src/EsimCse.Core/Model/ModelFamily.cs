namespace EsimCse.Core.Model;

/// <summary>
/// A family of encoders with BERT's layers, as Hugging Face's files describe it. A new family is a row of
/// <see cref="All"/>.
/// </summary>
public sealed record ModelFamily
{
    /// <summary>BERT: Devlin, Chang, Lee and Toutanova, arXiv 1810.04805.</summary>
    public static ModelFamily Bert { get; } = new()
    {
        ModelType = "bert",
        Architecture = "BertModel",
        MaskedLanguageArchitecture = "BertForMaskedLM",
        WeightPrefix = "bert.",
        TypeVocabularySize = 2,
    };

    /// <summary>RoBERTa: Liu et al., arXiv 1907.11692.</summary>
    public static ModelFamily Roberta { get; } = new()
    {
        ModelType = "roberta",
        Architecture = "RobertaModel",
        MaskedLanguageArchitecture = "RobertaForMaskedLM",
        WeightPrefix = "roberta.",
        PaddingBeforePositions = 1,
        TypeVocabularySize = 1,
        Modules = new()
        {
            MaskedLanguageHead = "lm_head.",
            MaskedLanguageDense = "lm_head.dense",
            MaskedLanguageNorm = "lm_head.layer_norm",
            MaskedLanguageBias = "lm_head.bias",
            MaskedLanguageDecoderBias = "lm_head.decoder.bias",
        },
    };

    /// <summary>The families that this engine runs.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } = [Bert, Roberta];

    /// <summary>model_type in config.json.</summary>
    public required string ModelType { get; init; }

    /// <summary>The entry of architectures in the config.json of a saved model.</summary>
    public required string Architecture { get; init; }

    /// <summary>The entry of architectures where a masked-language head is saved with the model.</summary>
    public required string MaskedLanguageArchitecture { get; init; }

    /// <summary>The prefix of tensor names in files of models with a task head.</summary>
    public required string WeightPrefix { get; init; }

    /// <summary>
    /// The pad_token_id after which positions are counted, where config.json does not state it; null for a family whose
    /// positions are counted from 0.
    /// </summary>
    public int? PaddingBeforePositions { get; init; }

    /// <summary>Token types where config.json does not state type_vocab_size; only type 0 is used.</summary>
    public required int TypeVocabularySize { get; init; }

    /// <summary>Names of the modules that hold the weights.</summary>
    public ModuleNames Modules { get; init; } = new();

    /// <summary>
    /// Returns whether a class of transformers is this family's encoder, with or without the head of a task.
    /// </summary>
    internal bool HasArchitecture(string name)
    {
        string stem = Architecture[..^"Model".Length];
        if (name.StartsWith("TF", StringComparison.Ordinal)) name = name["TF".Length..];
        if (name.StartsWith("Flax", StringComparison.Ordinal)) name = name["Flax".Length..];
        return name == Architecture
            || name == stem + "LMHeadModel"
            || name.StartsWith(stem + "For", StringComparison.Ordinal);
    }
}

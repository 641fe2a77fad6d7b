namespace EsimCse.Core.Model;

/// <summary>
/// Names of an encoder's modules, without <see cref="ModelFamily.WeightPrefix"/>; the defaults are those of Hugging
/// Face's BertModel. A tensor's name is its module's with ".weight" or ".bias".
/// </summary>
public sealed record ModuleNames
{
    /// <summary>The prefix of all embedding modules.</summary>
    public string Embeddings { get; init; } = "embeddings.";

    /// <summary>The prefix of all encoder modules.</summary>
    public string Encoder { get; init; } = "encoder.";

    /// <summary>The prefix of a layer's modules, up to the layer's number.</summary>
    public string Layers { get; init; } = "encoder.layer.";

    /// <summary>Token embeddings.</summary>
    public string WordEmbeddings { get; init; } = "embeddings.word_embeddings";

    /// <summary>Position embeddings.</summary>
    public string PositionEmbeddings { get; init; } = "embeddings.position_embeddings";

    /// <summary>Token type embeddings.</summary>
    public string TokenTypeEmbeddings { get; init; } = "embeddings.token_type_embeddings";

    /// <summary>The layer normalisation of the embeddings.</summary>
    public string EmbeddingNorm { get; init; } = "embeddings.LayerNorm";

    /// <summary>Query, inside a layer.</summary>
    public string Query { get; init; } = "attention.self.query";

    /// <summary>Key, inside a layer.</summary>
    public string Key { get; init; } = "attention.self.key";

    /// <summary>Value, inside a layer.</summary>
    public string Value { get; init; } = "attention.self.value";

    /// <summary>The attention's output projection, inside a layer.</summary>
    public string AttentionOutput { get; init; } = "attention.output.dense";

    /// <summary>The layer normalisation after the attention, inside a layer.</summary>
    public string AttentionNorm { get; init; } = "attention.output.LayerNorm";

    /// <summary>The feed-forward's first projection, inside a layer.</summary>
    public string FeedForwardUp { get; init; } = "intermediate.dense";

    /// <summary>The feed-forward's second projection, inside a layer.</summary>
    public string FeedForwardDown { get; init; } = "output.dense";

    /// <summary>The layer normalisation after the feed-forward, inside a layer.</summary>
    public string FeedForwardNorm { get; init; } = "output.LayerNorm";

    /// <summary>The head of the pooler cls.</summary>
    public string Head { get; init; } = "pooler.dense";

    /// <summary>
    /// The prefix of the masked-language head's modules, which never follow <see cref="ModelFamily.WeightPrefix"/>.
    /// </summary>
    public string MaskedLanguageHead { get; init; } = "cls.predictions.";

    /// <summary>The dense layer of the masked-language head.</summary>
    public string MaskedLanguageDense { get; init; } = "cls.predictions.transform.dense";

    /// <summary>The layer normalisation of the masked-language head.</summary>
    public string MaskedLanguageNorm { get; init; } = "cls.predictions.transform.LayerNorm";

    /// <summary>The tensor of the masked-language decoder's bias.</summary>
    public string MaskedLanguageBias { get; init; } = "cls.predictions.bias";

    /// <summary>Another name of <see cref="MaskedLanguageBias"/> in files.</summary>
    public string MaskedLanguageDecoderBias { get; init; } = "cls.predictions.decoder.bias";

    internal string HeadWeight => Head + ".weight";

    internal string HeadBias => Head + ".bias";

    /// <summary>Returns the prefix of one layer's modules.</summary>
    internal string Layer(int index) => $"{Layers}{index}.";
}

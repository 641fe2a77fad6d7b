using EsimCse.Core.Files;
using EsimCse.Core.Text.Normalizers;
using EsimCse.Core.Text.PreTokenizers;

namespace EsimCse.Core.Text;

/// <summary>
/// Vocabulary, components and tokens of a tokenizer's files. Nothing is guessed from a model's name.
/// </summary>
sealed record TokenizerSettings
{
    public const string DefaultUnknownToken = "[UNK]";

    /// <summary>
    /// BERT's special tokens, without the one for unknown words, which a tokenizer may name differently.
    /// </summary>
    public static readonly string[] BertSpecialTokens = ["[CLS]", "[SEP]", "[PAD]", "[MASK]"];

    /// <summary>The file of the vocabulary: tokenizer.json or vocab.txt.</summary>
    public required string File { get; init; }

    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }

    public string UnknownToken { get; init; } = DefaultUnknownToken;

    public string ContinuingSubwordPrefix { get; init; } = "##";

    public int MaxInputCharsPerWord { get; init; } = 100;

    /// <summary>The normalizer; null for none.</summary>
    public Normalizer? Normalizer { get; init; } = new BertNormalizer();

    /// <summary>The pre-tokenizer; null for none.</summary>
    public PreTokenizer? PreTokenizer { get; init; } = new BertPreTokenizer();

    public SentenceTemplate Template { get; init; } = SentenceTemplate.None;

    /// <summary>Tokens that are found in a text before it is split into words, each with its id.</summary>
    public required IReadOnlyCollection<AddedToken> AddedTokens { get; init; }

    /// <summary>The spelling of the mask token.</summary>
    public string MaskToken { get; init; } = "[MASK]";

    public int? ModelMaxLength { get; init; }

    /// <summary>Whether a text that is too long loses its beginning.</summary>
    public bool TruncatesLeft { get; init; }

    /// <summary>Remarks on files that disagree, one line each.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Reads tokenizer.json, or else vocab.txt; the other files of a tokenizer are optional.</summary>
    /// <exception cref="InvalidInputException">
    /// Both are missing, or a file is not valid or states a setting that is not done.
    /// </exception>
    public static TokenizerSettings Read(string folder)
    {
        TokenizerConfig config = TokenizerConfig.Read(folder);
        string json = Path.Combine(folder, "tokenizer.json");
        string vocabulary = Path.Combine(folder, "vocab.txt");
        TokenizerSettings settings;
        if (InputFile.IsPresent(json)) settings = TokenizerJsonReader.Read(json, config);
        else if (InputFile.IsPresent(vocabulary)) settings = VocabularyFile.Read(vocabulary, config);
        else throw new InvalidInputException($"{folder}: no tokenizer: found neither tokenizer.json nor vocab.txt");
        return settings.WithConfig(config);
    }

    /// <summary>Looks up the id of a token, added or of the vocabulary; null where there is none.</summary>
    public int? FindId(string token)
    {
        if (AddedTokens.FirstOrDefault(added => added.Content == token) is { } found) return found.Id;
        return Vocabulary.TryGetValue(token, out int id) ? id : null;
    }

    /// <summary>Adds the tokens and settings that do not depend on which file has the vocabulary.</summary>
    TokenizerSettings WithConfig(TokenizerConfig config)
    {
        AddedTokenTable added = new(Vocabulary);
        foreach (AddedToken token in AddedTokens) added.Add(token);
        foreach (AddedToken token in config.StatedTokens) added.Add(token);
        foreach (AddedToken token in config.SpecialTokens.Values) added.Add(token);
        foreach (AddedToken token in config.MoreSpecialTokens) added.Add(token);
        return this with
        {
            AddedTokens = added.Tokens,
            MaskToken = config.SpecialTokens.GetValueOrDefault("mask_token")?.Content ?? MaskToken,
            ModelMaxLength = config.ModelMaxLength,
            Remarks = [.. config.Remarks, .. added.Remarks],
        };
    }
}

using EsimCse.Core.Files;
using EsimCse.Core.Text.Normalizers;
using EsimCse.Core.Text.PreTokenizers;

namespace EsimCse.Core.Text;

/// <summary>
/// Vocabulary, components and tokens of a tokenizer's files. Nothing is guessed from a model's name. Defaults are those
/// of BERT.
/// </summary>
sealed record TokenizerSettings
{
    public const string DefaultUnknownToken = "[UNK]";

    static readonly string[] BertSpecialTokens = ["[CLS]", "[SEP]", "[PAD]", "[MASK]"];

    static readonly string[] RobertaSpecialTokens = ["<s>", "</s>", "<pad>", "<mask>"];

    /// <summary>The file of the vocabulary: tokenizer.json, vocab.txt or vocab.json.</summary>
    public required string File { get; init; }

    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }

    /// <summary>Pairs of tokens by rank, of a byte-level BPE model; null for a WordPiece model.</summary>
    public IReadOnlyList<(string Left, string Right)>? Merges { get; init; }

    /// <summary>Whether a word of the vocabulary is one token, whatever the merges.</summary>
    public bool IgnoreMerges { get; init; }

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

    /// <summary>
    /// The usual special tokens of the model, without the one for unknown words, which a tokenizer may name
    /// differently.
    /// </summary>
    public IReadOnlyList<string> UsualSpecialTokens => Merges is null ? BertSpecialTokens : RobertaSpecialTokens;

    /// <summary>
    /// Reads tokenizer.json, or else vocab.txt, or else vocab.json and merges.txt; the other files of a tokenizer are
    /// optional.
    /// </summary>
    /// <exception cref="InvalidInputException">
    /// They are missing, or a file is not valid or states a setting that is not done.
    /// </exception>
    public static TokenizerSettings Read(string folder)
    {
        TokenizerConfig config = TokenizerConfig.Read(folder);
        string json = Path.Combine(folder, "tokenizer.json");
        string vocabulary = Path.Combine(folder, "vocab.txt");
        string bytePairs = Path.Combine(folder, BytePairFiles.VocabularyName);
        TokenizerSettings settings;
        if (InputFile.IsPresent(json)) settings = TokenizerJsonReader.Read(json, config);
        else if (InputFile.IsPresent(vocabulary)) settings = VocabularyFile.Read(vocabulary, config);
        else if (InputFile.IsPresent(bytePairs)) settings = BytePairFiles.Read(folder, config);
        else throw new InvalidInputException(
            $"{folder}: no tokenizer: found neither tokenizer.json nor vocab.txt nor vocab.json with merges.txt");
        return settings.WithConfig(config);
    }

    /// <summary>Creates the model that splits words into tokens.</summary>
    public TokenModel CreateModel() => Merges is null
        ? new WordPiece(Vocabulary, ContinuingSubwordPrefix, FindId(UnknownToken)!.Value)
        : new ByteLevelBpe(Vocabulary, Merges, IgnoreMerges);

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

using System.Text.Json;
using EsimCse.Core.Files;
using EsimCse.Core.Text.PreTokenizers;

namespace EsimCse.Core.Text;

/// <summary>Reads and checks a byte-level BPE model.</summary>
static class BytePairModel
{
    public const string UnknownToken = "<unk>", MaskToken = "<mask>";

    /// <summary>The keys of the model in tokenizer.json.</summary>
    public static readonly SettingKeys Keys = new()
    {
        Honoured = ["type", "vocab", "merges", "unk_token", "ignore_merges"],
        // No word has an unknown character, because the vocabulary must have every byte.
        Harmless = ["fuse_unk", "byte_fallback"],
        Refused = new Dictionary<string, string[]>
        {
            ["dropout"] = ["0", "0.0"],
            ["continuing_subword_prefix"] = ["\"\""],
            ["end_of_word_suffix"] = ["\"\""],
        },
        IsClosed = true,
    };

    /// <summary>Reads the model of a tokenizer.json.</summary>
    /// <exception cref="InvalidInputException">A token is missing, or a setting is not supported.</exception>
    public static TokenizerSettings Read(JsonSettings model)
    {
        Dictionary<string, int> vocabulary = model.IdsByName("vocab") ?? throw model.Wrong("vocab", "tokens with ids");
        CheckVocabulary(vocabulary, $"{model.File}: model.vocab");
        return Create(model.File, vocabulary, ReadMerges(model, vocabulary)) with
        {
            UnknownToken = model.Text("unk_token") ?? UnknownToken,
            IgnoreMerges = model.Flag("ignore_merges") ?? false,
        };
    }

    /// <summary>Returns the settings of a model, without the components around it.</summary>
    public static TokenizerSettings Create(
        string file, Dictionary<string, int> vocabulary, IEnumerable<(string Left, string Right)> merges) => new()
        {
            File = file,
            Vocabulary = vocabulary,
            // As in Hugging Face's library, a pair that stands there twice has its last rank.
            Merges = [.. merges.Reverse().DistinctBy(pair => pair).Reverse()],
            UnknownToken = UnknownToken,
            MaskToken = MaskToken,
            AddedTokens = [],
            Normalizer = null,
        };

    /// <summary>Checks that every byte is a token and that no two tokens have one id.</summary>
    /// <param name="vocabulary">Tokens and their ids.</param>
    /// <param name="place">The file, and the key in it.</param>
    /// <exception cref="InvalidInputException">A byte's token is missing, or an id stands there twice.</exception>
    public static void CheckVocabulary(Dictionary<string, int> vocabulary, string place)
    {
        int missing = ByteLevel.Alphabet.Index().FirstOrDefault(
            letter => !vocabulary.ContainsKey($"{letter.Item}"), (Index: -1, Item: default)).Index;
        if (missing >= 0)
            throw new InvalidInputException(
                $"{place}: no token '{ByteLevel.Alphabet[missing]}' for byte {missing}, expected one for every byte");
        Dictionary<int, string> tokens = [];
        foreach ((string token, int id) in vocabulary)
            if (!tokens.TryAdd(id, token))
                throw new InvalidInputException(
                    $"{place}: found id {id} for '{tokens[id]}' and '{token}', expected one token for an id");
    }

    /// <summary>Splits a pair that is written as two tokens with a space between them.</summary>
    /// <returns>The tokens; null where the text is no pair of tokens whose union is one too.</returns>
    public static (string Left, string Right)? ParsePair(string text, Dictionary<string, int> vocabulary)
    {
        string[] tokens = text.Split(' ');
        return IsPair(tokens, vocabulary) ? (tokens[0], tokens[1]) : null;
    }

    /// <summary>Whether a text is a comment among merges.</summary>
    public static bool IsComment(string text) => text.StartsWith("#version", StringComparison.Ordinal);

    /// <summary>Checks that the last pre-tokenizer spells words in bytes.</summary>
    /// <exception cref="InvalidInputException">It is another one, or there is none.</exception>
    public static void RequireByteLevel(TokenizerSettings settings, JsonSettings json)
    {
        PreTokenizer[] steps = [.. settings.PreTokenizer?.Steps.Where(step => step is not PreTokenizerSequence) ?? []];
        bool isLast = steps is [.., ByteLevel] && steps.OfType<ByteLevel>().Count() == 1;
        if (!isLast) throw json.Wrong("pre_tokenizer", "ByteLevel as the last one: BPE is supported on bytes alone");
    }

    static IEnumerable<(string Left, string Right)> ReadMerges(JsonSettings model, Dictionary<string, int> vocabulary)
    {
        const string key = "merges", expected = "pairs of tokens that are one token together";
        int index = -1;
        foreach (JsonElement merge in model.List(key, expected) ?? throw model.Wrong(key, expected))
        {
            index++;
            string? text = JsonFile.Text(merge);
            if (text is not null && IsComment(text)) continue;
            yield return (text is null ? ReadList(merge, vocabulary) : ParsePair(text, vocabulary))
                ?? throw new InvalidInputException(
                    $"{model.File}: model.merges[{index}]: found {JsonFile.Quote(merge)}, expected {expected}");
        }
    }

    static (string Left, string Right)? ReadList(JsonElement merge, Dictionary<string, int> vocabulary)
    {
        if (merge.ValueKind != JsonValueKind.Array) return null;
        string[] tokens = [.. merge.EnumerateArray().Select(token => JsonFile.Text(token) ?? "")];
        return IsPair(tokens, vocabulary) ? (tokens[0], tokens[1]) : null;
    }

    static bool IsPair(string[] tokens, Dictionary<string, int> vocabulary)
    {
        if (tokens.Length != 2 || tokens.Any(token => token.Length == 0 || token.Contains(' '))) return false;
        return tokens.Append(tokens[0] + tokens[1]).All(vocabulary.ContainsKey);
    }
}

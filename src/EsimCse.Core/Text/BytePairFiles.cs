using EsimCse.Core.Files;
using EsimCse.Core.Text.PreTokenizers;

namespace EsimCse.Core.Text;

/// <summary>Reads vocab.json, tokens with their ids, and merges.txt, a pair of tokens a line by rank.</summary>
static class BytePairFiles
{
    public const string VocabularyName = "vocab.json", MergesName = "merges.txt";

    /// <summary>Reads the tokenizer that Hugging Face's RobertaTokenizer makes of them.</summary>
    /// <exception cref="InvalidInputException">One is missing or not valid, or lacks a special token.</exception>
    public static TokenizerSettings Read(string folder, TokenizerConfig config)
    {
        string path = Path.Combine(folder, VocabularyName);
        Dictionary<string, int> vocabulary = JsonSettings.Read(path, SettingKeys.Map).AllIds();
        BytePairModel.CheckVocabulary(vocabulary, path);
        AddedToken bos = Special("bos_token", "<s>");
        AddedToken eos = Special("eos_token", "</s>");
        AddedToken cls = Special("cls_token", "<s>");
        AddedToken sep = Special("sep_token", "</s>");
        AddedToken unknown = Special("unk_token", BytePairModel.UnknownToken);
        AddedToken mask = Special("mask_token", BytePairModel.MaskToken);
        if (mask.HasDefaultFlags) mask = mask with { StripLeft = true };
        AddedToken[] optional = [bos, eos, unknown, Special("pad_token", "<pad>"), mask];
        IEnumerable<(string, string)> merges = ReadMerges(Path.Combine(folder, MergesName), vocabulary);
        return BytePairModel.Create(path, vocabulary, merges) with
        {
            AddedTokens =
                [cls, sep, .. optional.Where(token => vocabulary.ContainsKey(token.Content)).Except([cls, sep])],
            UnknownToken = unknown.Content,
            PreTokenizer = new ByteLevel(config.AddPrefixSpace ?? false, splits: true),
            Template = new SentenceTemplate([(cls.Content, Id(cls))], [(sep.Content, Id(sep))]),
            TruncatesLeft = config.TruncatesLeft ?? false,
        };

        AddedToken Special(string key, string standard) =>
            config.SpecialTokens.GetValueOrDefault(key)
            ?? new AddedToken { File = path, Content = standard, Special = true, HasDefaultFlags = true };

        int Id(AddedToken token) => vocabulary.TryGetValue(token.Content, out int id)
            ? id
            : throw new InvalidInputException($"{path}: no token '{token.Content}'");
    }

    static IEnumerable<(string Left, string Right)> ReadMerges(string path, Dictionary<string, int> vocabulary)
    {
        InputFile.Require(path);
        foreach ((int index, string line) in SentenceFile.ReadLines(path).Index())
        {
            // Editors add blank lines.
            if (line.Length == 0 || BytePairModel.IsComment(line)) continue;
            yield return BytePairModel.ParsePair(line, vocabulary) ?? throw new InvalidInputException(
                $"{path}: line {index + 1}: found '{line}', expected two tokens that are one together");
        }
    }
}

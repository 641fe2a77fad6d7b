using EsimCse.Core.Files;
using EsimCse.Core.Text.Normalizers;

namespace EsimCse.Core.Text;

/// <summary>Reads vocab.txt: a token a line, whose id is the number of lines before it.</summary>
static class VocabularyFile
{
    /// <summary>Reads the tokenizer that Hugging Face's BertTokenizer makes of it.</summary>
    /// <exception cref="InvalidInputException">It is not valid, or lacks a special token.</exception>
    public static TokenizerSettings Read(string path, TokenizerConfig config)
    {
        Dictionary<string, int> vocabulary = ReadTokens(path);
        bool lowercase = config.Lowercase ?? true;
        AddedToken unknown = Special("unk_token", TokenizerSettings.DefaultUnknownToken);
        AddedToken cls = Special("cls_token", "[CLS]");
        AddedToken sep = Special("sep_token", "[SEP]");
        Id(unknown);
        AddedToken[] required = [unknown, cls, sep];
        AddedToken[] optional = [Special("pad_token", "[PAD]"), Special("mask_token", "[MASK]")];
        return new TokenizerSettings
        {
            File = path,
            Vocabulary = vocabulary,
            AddedTokens = [.. required, .. optional.Where(token => vocabulary.ContainsKey(token.Content))],
            UnknownToken = unknown.Content,
            Normalizer = new BertNormalizer
            {
                Lowercase = lowercase,
                StripAccents = config.StripAccents ?? lowercase,
                TokenizeChineseChars = config.TokenizeChineseChars ?? true,
            },
            Template = new SentenceTemplate([(cls.Content, Id(cls))], [(sep.Content, Id(sep))]),
            TruncatesLeft = config.TruncatesLeft ?? false,
        };

        AddedToken Special(string key, string standard) =>
            config.SpecialTokens.GetValueOrDefault(key)
            ?? new AddedToken { File = path, Content = standard, Special = true };

        int Id(AddedToken token) => vocabulary.TryGetValue(token.Content, out int id)
            ? id
            : throw new InvalidInputException($"{path}: no line '{token.Content}'");
    }

    static Dictionary<string, int> ReadTokens(string path)
    {
        InputFile.Require(path);
        Dictionary<string, int> vocabulary = new(StringComparer.Ordinal);
        int id = 0;
        foreach (string line in SentenceFile.ReadLines(path))
        {
            // No text has an empty token, and editors add blank lines.
            if (line.Length > 0) vocabulary[line] = id;
            id++;
        }
        return vocabulary;
    }
}

using EsimCse.Core.Files;

namespace EsimCse.Core.Text.PreTokenizers;

/// <summary>
/// A pre-tokenizer of Hugging Face's tokenizers, which splits a text into words. A new one is a class in this folder
/// and a row of <see cref="Types"/>.
/// </summary>
abstract class PreTokenizer
{
    static readonly Dictionary<string, (SettingKeys Keys, Func<JsonSettings, PreTokenizer> Read)> Types = new()
    {
        ["BertPreTokenizer"] = (Components.NoSettings, _ => new BertPreTokenizer()),
        ["ByteLevel"] = (ByteLevel.Keys, ByteLevel.Read),
        ["Whitespace"] = (Components.NoSettings, _ => new Whitespace()),
        ["WhitespaceSplit"] = (Components.NoSettings, _ => new WhitespaceSplit()),
        ["Punctuation"] = (Punctuation.Keys, Punctuation.Read),
        ["Digits"] = (Digits.Keys, Digits.Read),
        ["Sequence"] = (PreTokenizerSequence.Keys, PreTokenizerSequence.Read),
    };

    /// <summary>The lists of keys by type, which the tests enumerate.</summary>
    public static IEnumerable<(string Type, SettingKeys Keys)> KnownKeys =>
        Types.Select(type => (type.Key, type.Value.Keys));

    /// <summary>Reads a pre-tokenizer by its type; null for none, which leaves a text one word.</summary>
    /// <exception cref="InvalidInputException">The type, or one of its settings, is not supported.</exception>
    public static PreTokenizer? Read(JsonSettings parent, string key) => Components.Read(parent, key, Types);

    /// <summary>Reads a list of pre-tokenizers.</summary>
    /// <exception cref="InvalidInputException">A type, or one of its settings, is not supported.</exception>
    protected static PreTokenizer[] ReadList(JsonSettings parent, string key) =>
        Components.ReadList(parent, key, Types);

    /// <summary>This pre-tokenizer and, of a sequence, those in it.</summary>
    public virtual IEnumerable<PreTokenizer> Steps => [this];

    /// <summary>Appends the words of a text that is not empty; none is empty.</summary>
    public abstract void Split(ReadOnlyMemory<char> piece, List<ReadOnlyMemory<char>> words);
}

using EsimCse.Core.Files;

namespace EsimCse.Core.Text.Normalizers;

/// <summary>
/// A normalizer of Hugging Face's tokenizers. A new one is a class in this folder and a row of <see cref="Types"/>.
/// </summary>
abstract class Normalizer
{
    static readonly Dictionary<string, (SettingKeys Keys, Func<JsonSettings, Normalizer> Read)> Types = new()
    {
        ["BertNormalizer"] = (BertNormalizer.Keys, BertNormalizer.Read),
        ["Lowercase"] = (Components.NoSettings, _ => new Lowercase()),
        ["StripAccents"] = (Components.NoSettings, _ => new StripAccents()),
        ["NFC"] = (Components.NoSettings, _ => new UnicodeForm(compatibility: false, compose: true)),
        ["NFD"] = (Components.NoSettings, _ => new UnicodeForm(compatibility: false, compose: false)),
        ["NFKC"] = (Components.NoSettings, _ => new UnicodeForm(compatibility: true, compose: true)),
        ["NFKD"] = (Components.NoSettings, _ => new UnicodeForm(compatibility: true, compose: false)),
        ["Strip"] = (Strip.Keys, Strip.Read),
        ["Replace"] = (Replace.Keys, Replace.Read),
        ["Sequence"] = (NormalizerSequence.Keys, NormalizerSequence.Read),
    };

    /// <summary>The lists of keys by type, which the tests enumerate.</summary>
    public static IEnumerable<(string Type, SettingKeys Keys)> KnownKeys =>
        Types.Select(type => (type.Key, type.Value.Keys));

    /// <summary>Reads a normalizer by its type; null for none.</summary>
    /// <exception cref="InvalidInputException">The type, or one of its settings, is not supported.</exception>
    public static Normalizer? Read(JsonSettings parent, string key) =>
        Components.Read(parent, key, Types);

    /// <summary>Reads a list of normalizers.</summary>
    /// <exception cref="InvalidInputException">A type, or one of its settings, is not supported.</exception>
    protected static Normalizer[] ReadList(JsonSettings parent, string key) =>
        Components.ReadList(parent, key, Types);

    /// <summary>Returns the normalized text.</summary>
    public abstract string Apply(string text);

    /// <summary>Returns this normalizer and, of a sequence, those in it.</summary>
    public virtual IEnumerable<Normalizer> Steps => [this];
}

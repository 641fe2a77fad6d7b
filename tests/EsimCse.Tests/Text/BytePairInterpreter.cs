using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace EsimCse.Tests.Text;

/// <summary>
/// The plainest reading of byte-level BPE: the alphabet as GPT-2's code builds it, its pattern by the runtime's regular
/// expressions, and one merge at a time over a list of strings.
/// </summary>
static class BytePairInterpreter
{
    const string Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>Splits a text as the pre-tokenizer ByteLevel does, and spells its bytes.</summary>
    public static IEnumerable<string> Split(JsonNode settings, string text)
    {
        if ((bool)settings["add_prefix_space"]! && !text.StartsWith(' ')) text = " " + text;
        Rune[] runes = [.. text.EnumerateRunes()];
        if (!(bool)settings["use_regex"]!) return [Spell(runes)];
        // .NET's expressions see UTF-16: other planes are replaced by a character of the same kind.
        string plane = string.Concat(runes.Select(rune => rune.IsBmp ? (char)rune.Value : Substitute(rune)));
        return Regex.Matches(plane, Pattern).Select(match => Spell(runes[match.Index..(match.Index + match.Length)]));
    }

    /// <summary>Splits a word into tokens by a model's vocabulary and merges.</summary>
    public static IEnumerable<int> Merge(JsonNode model, string word)
    {
        JsonObject vocabulary = model["vocab"]!.AsObject();
        if ((bool?)model["ignore_merges"] == true && vocabulary[word] is { } whole) return [(int)whole];
        // A pair that stands there twice has its last rank.
        Dictionary<string, int> ranks = [];
        foreach ((int rank, JsonNode? merge) in model["merges"]!.AsArray().Index())
            ranks[merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : (string)merge!] = rank;
        List<string> parts = [.. word.Select(letter => letter.ToString())];
        while (true)
        {
            (int best, int place) = Enumerable.Range(0, Math.Max(0, parts.Count - 1))
                .Select(i => (ranks.GetValueOrDefault($"{parts[i]} {parts[i + 1]}", -1), i))
                .Where(pair => pair.Item1 >= 0)
                .DefaultIfEmpty((-1, -1))
                .Min();
            if (best < 0) return parts.Select(part => (int)vocabulary[part]!);
            parts[place] += parts[place + 1];
            parts.RemoveAt(place + 1);
        }
    }

    static char Substitute(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.OtherLetter => 'a',
        >= UnicodeCategory.DecimalDigitNumber and <= UnicodeCategory.OtherNumber => '1',
        _ => '.',
    };

    static string Spell(IEnumerable<Rune> runes) => string.Concat(
        runes.SelectMany(rune => Encoding.UTF8.GetBytes(rune.ToString())).Select(value => Alphabet()[value]));

    static Dictionary<byte, char> Alphabet()
    {
        List<int> bytes = [.. Enumerable.Range('!', 94), .. Enumerable.Range(0xA1, 12), .. Enumerable.Range(0xAE, 82)];
        List<int> characters = [.. bytes];
        for (int value = 0; value < 256; value++)
            if (!bytes.Contains(value))
            {
                characters.Add(256 + bytes.Count - 188);
                bytes.Add(value);
            }
        return bytes.Zip(characters).ToDictionary(pair => (byte)pair.First, pair => (char)pair.Second);
    }
}

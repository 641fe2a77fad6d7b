using System.Text.Json.Nodes;

namespace EsimCse.Tests.Text;

/// <summary>A small byte-level BPE tokenizer, as tokenizer.json or as vocab.json with merges.txt.</summary>
static class BytePairFolder
{
    public static readonly string[] Special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];

    public static readonly string[] Merges =
    [
        "t h", "th e", "Ġ the", "c a", "ca t", "Ġ cat", "a t", "Ġ a", "e r", "h er", "Ġ Ġ", "ĠĠ ĠĠ", "a a", "aa aa",
        "a b", "ab ab", "b a", "1 2", "Ã ©", "f Ã©", "ca fÃ©", "ð Ł", "ðŁ ĺ", "ðŁĺ Ģ", "æ Ī", "ĳ æĪ", ". .", ".. .",
        "' s",
        "Ġ s", "s e", "e s", "se es", "Ġ dog", "d o", "do g", "Ġ bird", "b i", "r d", "bi rd", "Ġ of", "o f",
        // across the words of GPT-2's pattern
        "a .", "b Ġ",
    ];

    /// <summary>Returns the tokens with their ids: special ones, bytes, merges.</summary>
    public static JsonObject Vocabulary()
    {
        JsonObject vocabulary = [];
        IEnumerable<string> bytes = Enumerable.Range(0, 324)
            .Where(code => code is >= 33 and <= 126 or >= 161 and not 173)
            .Select(code => ((char)code).ToString());
        IEnumerable<string> merged = Merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal));
        // The last token is not reached by merges.
        foreach (string token in (string[])[.. Special, .. bytes, .. merged, "Ġbar"])
            vocabulary.TryAdd(token, vocabulary.Count);
        return vocabulary;
    }

    /// <summary>Returns tokenizer.json as that of roberta-base is built.</summary>
    public static JsonObject Json()
    {
        JsonObject json = JsonNode.Parse("""
            {
              "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
              "pre_tokenizer": {
                "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true
              },
              "post_processor": {
                "type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": true,
                "add_prefix_space": false
              },
              "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
              "model": {
                "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
                "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "ignore_merges": false
              }
            }
            """)!.AsObject();
        JsonObject model = json["model"]!.AsObject();
        model["vocab"] = Vocabulary();
        model["merges"] = new JsonArray([.. Merges.Select(merge => JsonValue.Create(merge))]);
        for (int id = 0; id < Special.Length; id++)
        {
            JsonObject token = TokenizerFolder.Added(id, Special[id], special: true);
            token["lstrip"] = Special[id] == "<mask>";
            json["added_tokens"]!.AsArray().Add(token);
        }
        return json;
    }

    /// <summary>Writes vocab.json and merges.txt.</summary>
    public static void Write(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "vocab.json"), Vocabulary().ToJsonString());
        File.WriteAllLines(Path.Combine(folder, "merges.txt"), ["#version: 0.2", .. Merges]);
    }
}

using System.Text.Json.Nodes;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

/// <summary>A folder with a small tokenizer whose files a test changes by merge patches (RFC 7396).</summary>
sealed class TokenizerFolder : IDisposable
{
    /// <summary>The vocabulary, one line a token, in the order of the ids.</summary>
    public static readonly string[] Vocabulary =
    [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "##s", "Cat", "café", "cafe", "##e", "c", "##a",
        "##t", "a", "i", "i\u0307", "1", "2", "##1", "##2", "½", "##½", "fi", "ﬁ", "我", "##我", "爱", ",", "##,", ".",
        "##.", "!", "##!", "-", "##-", "한", "\u1112\u1161\u11AB", "k", "K", "\u0301", "##\u0301", "[", "]", "b", "##b",
        "x", "##x", "_", "##_", "\u200B", "##\u200B", "😀", "##😀", " ", "## ", "A", "##A", "B", "##B", "##c", "##k",
    ];

    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-tokenizer-").FullName;

    public string Path => _folder;

    /// <summary>Returns the tokenizer.json of bert-base-uncased with the small vocabulary.</summary>
    public static JsonObject Json()
    {
        JsonObject vocabulary = [];
        for (int id = 0; id < Vocabulary.Length; id++) vocabulary[Vocabulary[id]] = id;
        JsonObject json = JsonNode.Parse("""
            {
              "version": "1.0", "truncation": null, "padding": null,
              "added_tokens": [],
              "normalizer": {
                "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
                "lowercase": true
              },
              "pre_tokenizer": {"type": "BertPreTokenizer"},
              "post_processor": {
                "type": "TemplateProcessing",
                "single": [
                  {"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                  {"SpecialToken": {"id": "[SEP]", "type_id": 0}}
                ],
                "pair": [],
                "special_tokens": {
                  "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                  "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}
                }
              },
              "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
              "model": {
                "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100
              }
            }
            """)!.AsObject();
        json["model"]!["vocab"] = vocabulary;
        for (int id = 0; id < 5; id++) json["added_tokens"]!.AsArray().Add(Added(id, Vocabulary[id], special: true));
        return json;
    }

    /// <summary>Returns an entry of added_tokens.</summary>
    public static JsonObject Added(int id, string content, bool special) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = !special,
        ["special"] = special,
    };

    public string In(string name) => System.IO.Path.Combine(_folder, name);

    /// <summary>Writes a file.</summary>
    public void Write(string name, string text) => File.WriteAllText(In(name), text);

    /// <summary>Writes vocab.txt.</summary>
    public void WriteVocabulary() => File.WriteAllLines(In("vocab.txt"), Vocabulary);

    /// <summary>Writes tokenizer.json, changed by a merge patch.</summary>
    public void WriteJson(string patch = "{}") =>
        Write("tokenizer.json", Merge(Json(), JsonNode.Parse(patch))!.ToJsonString());

    /// <summary>Writes the tokenizer.json of a byte-level BPE, changed by a merge patch.</summary>
    public void WriteBytePairs(string patch = "{}") =>
        Write("tokenizer.json", Merge(BytePairFolder.Json(), JsonNode.Parse(patch))!.ToJsonString());

    public BertTokenizer Load() => BertTokenizer.Load(_folder);

    /// <summary>Applies a merge patch, in which "null" as text writes null.</summary>
    public static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes) return patch?.ToString() == "null" ? null : patch?.DeepClone();
        JsonObject merged = target as JsonObject ?? [];
        foreach ((string key, JsonNode? value) in changes)
        {
            JsonNode? old = merged[key];
            merged.Remove(key);
            if (value is not null) merged[key] = Merge(old, value);
        }
        return merged;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;

namespace EsimCse.Tests.Text;

/// <summary>Random parts of tokenizer.json files, and texts for them.</summary>
static class TokenizerSamples
{
    public static readonly Gen<string> Flag = Gen.Elements("true", "false");

    /// <summary>Returns texts of fragments in any order.</summary>
    public static Gen<string> Texts(string[] fragments) =>
        from chosen in Gen.ListOf(Gen.Elements(fragments))
        select string.Concat(chosen);

    /// <summary>Returns an added token of one of these contents, with any flags and without an id.</summary>
    public static Gen<string> Added(params string[] contents) =>
        from content in Gen.Elements(contents)
        from word in Flag
        from left in Flag
        from right in Flag
        from normalized in Flag
        select $$"""
            {"content": "{{content}}", "single_word": {{word}}, "lstrip": {{left}}, "rstrip": {{right}},
            "normalized": {{normalized}}, "special": false}
            """;

    /// <summary>Adds tokens to a tokenizer.json, each content once, with the vocabulary's id or the next one.</summary>
    public static void Add(JsonObject json, string[] added, int vocabularySize, Func<string, int?> find)
    {
        JsonArray tokens = json["added_tokens"]!.AsArray();
        int next = vocabularySize;
        foreach (JsonObject token in added.Select(token => JsonNode.Parse(token)!.AsObject()))
        {
            string content = (string)token["content"]!;
            if (tokens.Any(known => (string)known!["content"]! == content)) continue;
            token["id"] = find(content) ?? next++;
            tokens.Add(token);
        }
    }

    /// <summary>Checks random tokenizers on random texts. Skipped where .NET lacks Unicode's normal forms.</summary>
    public static void CheckAll<T>(int cases, Gen<T> tokenizers, Gen<string> texts, Action<T, string> check)
    {
        Assert.SkipWhen(AppContext.TryGetSwitch("System.Globalization.Invariant", out bool on) && on, "no ICU");
        Gen<(T Json, string Text)> samples =
            from json in tokenizers
            from text in texts
            select (json, text);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(cases),
            Prop.ForAll(samples.ToArbitrary(), sample => check(sample.Json, sample.Text)));
    }
}

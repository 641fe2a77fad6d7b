using System.Text.Json.Nodes;
using EsimCse.Core.Text;
using FsCheck;
using FsCheck.Fluent;

namespace EsimCse.Tests.Text;

/// <summary>
/// Byte-level BPE, alone and with the components around it, against <see cref="BytePairInterpreter"/>.
/// </summary>
public sealed class ByteLevelBpeTests : IDisposable
{
    const int Cases = 1000;

    // Letters and digits of other planes stand between symbols: the interpreter's single_word sees UTF-16.
    static readonly string[] Fragments =
    [
        "the", "The", "cat", "cats", "café", "cafe\u0301", "aaaaaaa", "ababab", "12", "1a", "½", "Ⅷ", "我", "我我", "한",
        "😀", "👩‍👩‍👧", "😀𝒜𝒷😀", "😀𝟙😀",
        "\u0301", ".", "...", "!?", "'s", "'S", "'re", "'", "''ll", " ", "  ", "     ", "\t", "\n",
        " \n ", "\u00A0", "\u3000", "\u0085", "\0", "\uFFFD", "\ud83d", "\ude00",
        "<mask>", " <mask>", "<s>", "</s>",
        "<pad>", "<unk>", "<x>", "foo bar", "Ġ", "ãĥ", "of", "sees", "",
    ];

    static readonly Gen<string> Text = TokenizerSamples.Texts(Fragments);

    static readonly Gen<string> Bytes =
        from prefix in TokenizerSamples.Flag
        from splits in TokenizerSamples.Flag
        select $$"""{"type": "ByteLevel", "add_prefix_space": {{prefix}}, "use_regex": {{splits}}}""";

    static readonly Gen<string> PreTokenizers =
        from bytes in Bytes
        from before in Gen.Elements(
            "", """{"type": "Punctuation", "behavior": "Isolated"},""", """{"type": "WhitespaceSplit"},""",
            """{"type": "Punctuation", "behavior": "MergedWithNext"},""")
        select before == "" ? bytes : $$"""{"type": "Sequence", "pretokenizers": [{{before}} {{bytes}}]}""";

    static readonly Gen<string> Added = TokenizerSamples.Added("<x>", "foo bar", "ab", "Ġ", "the", ".", " ");

    static readonly Gen<JsonObject> Tokenizers =
        from normalizer in Gen.Elements("null", "null", """{"type": "NFC"}""", """{"type": "Lowercase"}""")
        from preTokenizer in PreTokenizers
        from added in Gen.ArrayOf(Added, 2)
        from count in Gen.Choose(0, 2)
        from order in Gen.Choose(0, int.MaxValue)
        from listed in TokenizerSamples.Flag
        from ignoreMerges in TokenizerSamples.Flag
        select Assemble(normalizer, preTokenizer, added[..count], order, listed == "true", ignoreMerges);

    readonly TokenizerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Ids_equal_those_of_the_components_in_their_order() =>
        TokenizerSamples.CheckAll(Cases, Tokenizers, Text, Compare);

    [Theory]
    [InlineData("a")]
    [InlineData("ab")]
    [InlineData("aab")]
    [InlineData("abacatĠthe")]
    [InlineData("😀我")]
    public void A_word_longer_than_a_window_is_merged_as_a_whole(string letters)
    {
        JsonObject json = BytePairFolder.Json();
        json["pre_tokenizer"]!["use_regex"] = false;
        Random random = new(letters.Length);
        foreach (int length in new[] { 0, 1, 700 })
        {
            int total = ByteLevelBpe.WindowLength + length;
            Compare(json, string.Concat(Enumerable.Range(0, total).Select(_ => letters[random.Next(letters.Length)])));
            Compare(json, string.Concat(Enumerable.Repeat(letters, total / letters.Length + 1)));
        }
    }

    [Fact]
    public void Joined_windows_hold_where_each_merge_undoes_those_before_it()
    {
        // "ab" wins over "ba" in a run of both, from the left; with one more letter in front the run splits elsewhere.
        JsonObject json = BytePairFolder.Json();
        json["pre_tokenizer"]!["use_regex"] = false;
        json["model"]!["merges"] = new JsonArray("b a", "a a", "aa aa", "a b", "ab ab");
        foreach (int length in new[] { 2047, 2048, 2049 })
        {
            Compare(json, string.Concat(Enumerable.Range(0, length).Select(i => "ab"[i % 2])));
            Compare(json, "b" + new string('a', length));
        }
    }

    [Fact]
    public void A_token_continues_a_word_if_it_has_no_space()
    {
        _folder.WriteBytePairs();
        BertTokenizer tokenizer = _folder.Load();
        int[] ids = tokenizer.Encode("the cat<mask>s the");
        Assert.Equal([false, true, false, false, true, false, false], ids.Select(tokenizer.IsContinuation));
        Assert.Equal(4, tokenizer.MaskId);
        Assert.Equal(3, tokenizer.UnknownId);
        Assert.True(tokenizer.TryGetWordId("the", out int word) && word == ids[^2]);
    }

    void Compare(JsonObject json, string text)
    {
        _folder.Write("tokenizer.json", json.ToJsonString());
        string valid = string.Concat(text.EnumerateRunes());
        Assert.Equal(new ComponentInterpreter(json).Encode(valid), _folder.Load().Encode(text));
    }

    static JsonObject Assemble(
        string normalizer, string preTokenizer, string[] added, int order, bool listed, string ignoreMerges)
    {
        JsonObject json = BytePairFolder.Json();
        json["normalizer"] = JsonNode.Parse(normalizer);
        json["pre_tokenizer"] = JsonNode.Parse(preTokenizer);
        JsonNode model = json["model"]!;
        model["ignore_merges"] = ignoreMerges == "true";
        string[] merges = [.. BytePairFolder.Merges, BytePairFolder.Merges[0]];
        new Random(order).Shuffle(merges);
        model["merges"] = new JsonArray([.. merges.Select(merge => listed
            ? new JsonArray([.. merge.Split(' ').Select(token => JsonValue.Create(token))])
            : (JsonNode)merge)]);
        JsonObject vocabulary = model["vocab"]!.AsObject();
        TokenizerSamples.Add(json, added, vocabulary.Count, content => (int?)vocabulary[content]);
        return json;
    }
}

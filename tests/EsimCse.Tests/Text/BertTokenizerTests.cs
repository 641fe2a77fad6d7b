using System.Text;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

/// <summary>Ids of short texts, derived by hand from a vocabulary of 26 tokens.</summary>
public sealed class BertTokenizerTests : IDisposable
{
    const int Unknown = 1;
    const int Cat = 6;
    const int S = 7;

    /// <summary>"한" after canonical decomposition.</summary>
    const string HangulJamo = "\u1112\u1161\u11AB";

    static readonly string[] Vocabulary =
    [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]",                         // 0 … 4
        "the", "cat", "##s", "un", "##aff", "##able", "cafe", "café",         // 5 … 12
        ".", ",", "!", "我", "爱", "猫", "Cat", "i", "i\u0307", "σασ",         // 13 … 22
        HangulJamo, "한", "##t",                                              // 23 … 25
    ];

    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-tokenizer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    BertTokenizer Load(string? config = null)
    {
        File.WriteAllLines(Path.Combine(_folder, "vocab.txt"), Vocabulary);
        if (config is not null) File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), config);
        return BertTokenizer.Load(_folder);
    }

    static void AssertTokens(BertTokenizer tokenizer, string text, params int[] expected) =>
        Assert.Equal([2, .. expected, 3], tokenizer.Encode(text));

    [Theory]
    [InlineData("")]
    [InlineData("the", 5)]
    [InlineData("the cat", 5, 6)]
    [InlineData("The CATS", 5, 6, 7)]
    [InlineData("unaffable", 8, 9, 10)]
    [InlineData("unaffables", 8, 9, 10, 7)]
    public void Words_split_into_the_longest_tokens(string text, params int[] expected) =>
        AssertTokens(Load(), text, expected);

    [Theory]
    [InlineData("dog", 1)]
    [InlineData("unknown", 1)]
    [InlineData("the unknown cat", 5, 1, 6)]
    [InlineData("s", 1)]
    [InlineData("\U0001F600 cat", 1, 6)]
    public void A_word_with_an_unknown_part_is_one_unknown_token(string text, params int[] expected) =>
        AssertTokens(Load(), text, expected);

    [Theory]
    [InlineData("café", 11)]
    [InlineData("CAFÉ", 11)]
    [InlineData("cafe\u0301", 11)]
    [InlineData("한", 23)]
    [InlineData("İ", 20)]
    [InlineData("ΣΑΣ", 22)]
    public void An_uncased_tokenizer_lower_cases_and_strips_accents(string text, params int[] expected) =>
        AssertTokens(Load(), text, expected);

    [Theory]
    [InlineData("cat", 6)]
    [InlineData("Cat", 19)]
    [InlineData("CAT", 1)]
    [InlineData("café", 12)]
    [InlineData("cafe\u0301", 1)]
    [InlineData("한", 24)]
    public void A_cased_tokenizer_keeps_case_and_accents(string text, params int[] expected) =>
        AssertTokens(Load("""{"do_lower_case":false}"""), text, expected);

    [Theory]
    [InlineData("Café", 12)]
    [InlineData("İ", 21)]
    public void Accents_are_kept_where_the_flag_says_so(string text, params int[] expected) =>
        AssertTokens(Load("""{"do_lower_case":true,"strip_accents":false}"""), text, expected);

    [Theory]
    [InlineData("我爱猫", 16, 17, 18)]
    [InlineData("cat我cat", 6, 16, 6)]
    [InlineData("我 猫!", 16, 18, 15)]
    public void Chinese_characters_are_words_of_their_own(string text, params int[] expected) =>
        AssertTokens(Load(), text, expected);

    [Fact]
    public void Chinese_characters_join_where_the_flag_says_so()
    {
        BertTokenizer tokenizer = Load("""{"tokenize_chinese_chars":false}""");
        AssertTokens(tokenizer, "我 猫", 16, 18);
        AssertTokens(tokenizer, "我猫", Unknown);
    }

    [Theory]
    [InlineData("the cat, the cat!", 5, 6, 14, 5, 6, 15)]
    [InlineData("cat...", 6, 13, 13, 13)]
    [InlineData("cat.cat", 6, 13, 6)]
    [InlineData("cat$cat", 6, 1, 6)]
    [InlineData("cat—cat", 6, 1, 6)]
    public void Each_punctuation_mark_is_a_word(string text, params int[] expected) =>
        AssertTokens(Load(), text, expected);

    [Theory]
    [InlineData("\tthe\u00A0cat\u3000the\r\n", 5, 6, 5)]
    [InlineData("  the \u2028 cat  ", 5, 6)]
    [InlineData("ca\0t", 6)]
    [InlineData("ca\u200Dt", 6)]
    [InlineData("ca\uFFFDt", 6)]
    public void Unicode_spaces_separate_words_and_control_characters_vanish(string text, params int[] expected) =>
        AssertTokens(Load(), text, expected);

    [Theory]
    [InlineData("the [MASK] cat", 5, 4, 6)]
    [InlineData("the[MASK]cat", 5, 4, 6)]
    [InlineData("[CLS]cat[SEP]", 2, 6, 3)]
    [InlineData("[[MASK]]", 1, 4, 1)]
    [InlineData("[UNK] [PAD]", 1, 0)]
    [InlineData("[mask]", 1, 1, 1)]
    [InlineData("[MASK", 1, 1)]
    public void Special_tokens_in_the_text_are_found_as_they_are_spelled(string text, params int[] expected) =>
        AssertTokens(Load(), text, expected);

    [Theory]
    [InlineData(100)]
    [InlineData(7)]
    [InlineData(5000)]
    public void A_word_past_the_character_limit_is_unknown(int limit)
    {
        BertTokenizer loaded = Load();
        BertTokenizer tokenizer = new(loaded.Settings with { MaxInputCharsPerWord = limit });
        string longest = "cat" + new string('s', limit - 3);
        AssertTokens(tokenizer, longest, [Cat, .. Enumerable.Repeat(S, limit - 3)]);
        AssertTokens(tokenizer, longest + "s", Unknown);
        AssertTokens(tokenizer, longest + "s cat", Unknown, Cat);
    }

    [Theory]
    [InlineData("", 2, false)]
    [InlineData("the cat", 2, true)]
    [InlineData("the cat", 3, true, 5)]
    [InlineData("the cat", 4, false, 5, 6)]
    [InlineData("cats", 3, true, 6)]
    [InlineData("the [MASK] cat", 4, true, 5, 4)]
    [InlineData("unaffable unaffable", 5, true, 8, 9, 10)]
    public void Truncation_keeps_the_first_tokens_and_SEP(
        string text, int maxLength, bool truncated, params int[] expected)
    {
        List<int> ids = [77, 78];
        Assert.Equal(truncated, Load().Encode(text, maxLength, ids));
        Assert.Equal([77, 78, 2, .. expected, 3], ids);
    }

    [Fact]
    public void A_length_without_room_for_CLS_and_SEP_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Load().Encode("cat", 1, []));

    [Fact]
    public void Ids_of_special_tokens_and_continuations_are_known()
    {
        BertTokenizer tokenizer = Load("""{"model_max_length":40}""");
        Assert.Equal(1, tokenizer.UnknownId);
        Assert.Equal([2], tokenizer.PrefixIds);
        Assert.Equal([3], tokenizer.SuffixIds);
        Assert.Equal(4, tokenizer.MaskId);
        Assert.Equal(Vocabulary.Length, tokenizer.VocabularySize);
        Assert.Equal(40, tokenizer.ModelMaxLength);
        int[] all = [.. Enumerable.Range(0, Vocabulary.Length)];
        Assert.Equal([7, 9, 10, 25], all.Where(tokenizer.IsContinuation));
        Assert.Equal([0, 1, 2, 3, 4], all.Where(tokenizer.IsAdded));
        Assert.True(tokenizer.TryGetId("##aff", out int id));
        Assert.Equal(9, id);
        Assert.False(tokenizer.TryGetId("aff", out _));
    }

    [Fact]
    public void Random_characters_and_broken_surrogates_give_valid_ids()
    {
        BertTokenizer tokenizer = Load();
        string[] parts = ["[CLS]", "[MASK", "]", "[[SEP]]", "cat", "cats", "\0", "\u200D", "e\u0301", "ẞ", "İ"];
        Random random = new(11);
        StringBuilder text = new();
        for (int round = 0; round < 20_000; round++)
        {
            text.Clear();
            for (int i = random.Next(0, 40); i > 0; i--)
                if (random.Next(4) == 0) text.Append((char)random.Next(0x10000));
                else if (random.Next(3) == 0) text.Append(parts[random.Next(parts.Length)]);
                else text.Append((char)random.Next(32, 127));
            AssertValid(tokenizer, text.ToString(), random.Next(2, 50));
        }
        AssertValid(tokenizer, new string('x', 2_000_000), 512);
        AssertValid(tokenizer, string.Concat(Enumerable.Repeat("cat ", 500_000)), 512);
    }

    [Theory]
    [InlineData("The cats, the unaffable cat and a café.", 1)]
    [InlineData("我爱猫。CAFÉ cafe\u0301 — “İ”, 한", 1)]
    [InlineData("the unaffable cats! ", 200)]
    [InlineData("x", 5000)]
    public void Encoding_allocates_nothing(string text, int times)
    {
        BertTokenizer tokenizer = new(Load().Settings with { MaxInputCharsPerWord = 5000 });
        text = string.Concat(Enumerable.Repeat(text, times));
        List<int> ids = new(10_000);
        // Pooled memory is allocated the first time, and again should a collection have taken it.
        long least = long.MaxValue;
        for (int round = 0; round < 10; round++)
        {
            ids.Clear();
            long before = GC.GetAllocatedBytesForCurrentThread();
            tokenizer.Encode(text, 4096, ids);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, least);
    }

    internal static void AssertValid(BertTokenizer tokenizer, string text, int maxLength)
    {
        List<int> ids = [];
        bool truncated = tokenizer.Encode(text, maxLength, ids);
        bool enclosed = ids.Count >= 2 && ids[0] == tokenizer.PrefixIds[0] && ids[^1] == tokenizer.SuffixIds[0];
        bool fits = ids.Count <= maxLength && (!truncated || ids.Count == maxLength);
        bool inRange = ids.TrueForAll(id => id >= 0 && id < tokenizer.VocabularySize);
        Assert.True(enclosed && fits && inRange, $"{text}: {string.Join(' ', ids)}");
    }
}

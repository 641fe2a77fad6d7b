using System.Text;
using EsimCse.Core.Text;
using EsimCse.Core.Text.Normalizers;
using EsimCse.Core.Text.PreTokenizers;

namespace EsimCse.Tests.Text;

/// <summary>The fused pass against the same components, each of which runs alone.</summary>
public sealed class FusedWordPieceTests
{
    const int Cases = 3_000;

    static readonly string[] LongTokens =
    [
        "internationalized", "internationalizations", "##nationalization", "##internationalizations",
        "sixteenletterword", "sixteenletters16", "##sixteenletters16", "переосвидетельствование", "##ность",
        "##освидетельствование", "переосвидетельствованиепереосвидетельствование", "каст",
        "\0", "a\0", "##a\0", "ß", "ss", "ω", "##ω", "x\uFFFD", "##\u302E", "##\U0001D165",
    ];

    static readonly string[] Fragments =
    [
        "the", "Cat", "cats", "café", "CAFÉ", "cafe\u0301", "İ", "ß", "ẞ", "Ω", "ﬁ", "½", "한", "我",
        "\u1112\u1161\u11AB", "爱", "\U00020000", "豈", "😀", "x\uD800", "\uDC00", "\0", "\u007F", "\u200B", "\u00AD",
        "\uFFFD", "\uE000", "\t", "\n", "\v", "\f", "\r\n", " ", "  ", "\u00A0", "\u2003", "\u3000", "\u2028",
        ",", "...", "—", "“", "$", "。",
        "[MASK]", "[CLS", "[UNK]", "\u0301", "a\u302E\U0001D165", "\u1FEF", "a\0", "internationalizations",
        "Internationalizationsixteenletters16", "переосвидетельствованиепереосвидетельствованиеность", "КАСТ",
    ];

    static readonly Dictionary<string, int> Vocabulary = TokenizerFolder.Vocabulary.Concat(LongTokens)
        .Concat("abcdefghijklmnopqrstuvwxyz".SelectMany(letter => new[] { $"{letter}", $"##{letter}" }))
        .Distinct().Index().ToDictionary(token => token.Item, token => token.Index);

    [Fact]
    public void Ids_equal_those_of_the_components_one_after_the_other()
    {
        for (int seed = 0; seed < Cases; seed++)
        {
            Random random = new(seed);
            (BertTokenizer fused, BertTokenizer plain) = Create(random);
            string text = RandomText(random, random.Next(8) == 0 ? 400 : 25);
            Assert.True(plain.Encode(text).SequenceEqual(fused.Encode(text)), $"seed {seed}: {text}");
            int maxLength = random.Next(2, 60);
            List<int> expected = [], actual = [];
            bool truncated = plain.Encode(text, maxLength, expected);
            Assert.True(truncated == fused.Encode(text, maxLength, actual), $"seed {seed}, length {maxLength}: {text}");
            Assert.True(expected.SequenceEqual(actual), $"seed {seed}, length {maxLength}: {text}");
        }
    }

    [Theory]
    [InlineData(100)]
    [InlineData(2_500)]
    [InlineData(int.MaxValue)]
    public void Words_of_any_length_have_the_same_ids(int maxInputCharsPerWord)
    {
        (BertTokenizer fused, BertTokenizer plain) = Create(new BertNormalizer(), maxInputCharsPerWord);
        foreach (string part in (string[])["a", "ω", "我", "a.", "😀", "é", "\0"])
            for (int length = 1; length < 3_000; length += length < 200 ? 1 : 97)
            {
                string text = $"cat {string.Concat(Enumerable.Repeat(part, length))} the";
                Assert.True(plain.Encode(text).SequenceEqual(fused.Encode(text)), $"{length} x {part}");
            }
    }

    [Fact]
    public void Every_character_has_the_same_ids_alone_and_within_a_word()
    {
        (BertTokenizer fused, BertTokenizer plain) = Create(new BertNormalizer(), 100);
        for (int first = 0; first < 0x10000; first++)
        {
            string text = $"a{(char)first}b {(char)first}";
            Assert.True(plain.Encode(text).SequenceEqual(fused.Encode(text)), $"U+{first:X4}");
        }
    }

    static (BertTokenizer Fused, BertTokenizer Plain) Create(Random random)
    {
        BertNormalizer normalizer = new()
        {
            CleanText = random.Next(2) == 0,
            TokenizeChineseChars = random.Next(2) == 0,
            StripAccents = random.Next(2) == 0,
            Lowercase = random.Next(2) == 0,
        };
        return Create(normalizer, new[] { 3, 16, 100, 100, 2_000 }[random.Next(5)]);
    }

    static (BertTokenizer Fused, BertTokenizer Plain) Create(BertNormalizer normalizer, int maxInputCharsPerWord)
    {
        TokenizerSettings fused = new()
        {
            File = "vocab.txt",
            Vocabulary = Vocabulary,
            AddedTokens = [new AddedToken { File = "vocab.txt", Content = "[MASK]", Id = 4, Special = true }],
            Normalizer = normalizer,
            MaxInputCharsPerWord = maxInputCharsPerWord,
        };
        // A sequence of one is the same, and is not fused.
        TokenizerSettings plain = fused with { PreTokenizer = new PreTokenizerSequence(new BertPreTokenizer()) };
        return (new BertTokenizer(fused), new BertTokenizer(plain));
    }

    static string RandomText(Random random, int maxParts)
    {
        StringBuilder text = new();
        for (int part = random.Next(maxParts); part > 0; part--)
            switch (random.Next(6))
            {
                case 0:
                    text.Append((char)random.Next(0x10000));
                    break;
                case 1:
                    text.Append((char)random.Next(0x80));
                    break;
                case 2:
                    text.Append((char)random.Next('a', 'z' + 1), random.Next(random.Next(1, 130)));
                    break;
                case 3:
                    text.Append(Vocabulary.Keys.ElementAt(random.Next(Vocabulary.Count)));
                    break;
                default:
                    text.Append(Fragments[random.Next(Fragments.Length)]);
                    break;
            }
        return text.ToString();
    }
}

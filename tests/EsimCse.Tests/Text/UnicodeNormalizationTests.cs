using System.Globalization;
using System.Text;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

/// <summary>The normalization forms against those of the runtime, where it has globalization data.</summary>
public class UnicodeNormalizationTests
{
    static readonly (bool Compatibility, bool Compose, NormalizationForm Form)[] Forms =
    [
        (false, true, NormalizationForm.FormC),
        (false, false, NormalizationForm.FormD),
        (true, true, NormalizationForm.FormKC),
        (true, false, NormalizationForm.FormKD),
    ];

    [Theory]
    [InlineData("café ﬁ ½ 한국 K Å e\u0323\u0302 \u0302\u0323e 각\u11A8 \u1100\u1161\u11A8 \u0958 ᾳ\u0301 \uFDFA", 15)]
    public void Known_texts_have_their_known_forms(string text, int lengthOfNfkcWord)
    {
        Assert.Equal("e\u0301", UnicodeNormalization.Apply("é", compatibility: false, compose: false));
        Assert.Equal("é", UnicodeNormalization.Apply("e\u0301", compatibility: false, compose: true));
        Assert.Equal("fi", UnicodeNormalization.Apply("ﬁ", compatibility: true, compose: true));
        Assert.Equal("\u1100\u1161", UnicodeNormalization.Apply("가", compatibility: false, compose: false));
        Assert.Equal("각", UnicodeNormalization.Apply("\u1100\u1161\u11A8", compatibility: false, compose: true));
        Assert.Equal("\u0915\u093C", UnicodeNormalization.Apply("\u0958", compatibility: false, compose: true));
        Assert.Equal("ệ", UnicodeNormalization.Apply("e\u0302\u0323", compatibility: false, compose: true));
        Assert.True(UnicodeNormalization.Apply(text, compatibility: true, compose: true).Length > lengthOfNfkcWord);
    }

    [Fact]
    public void Every_code_point_and_random_sequences_have_the_forms_of_the_runtime()
    {
        Assert.SkipWhen("é".Normalize(NormalizationForm.FormD).Length == 1, "no globalization data");
        int[] marks =
        [
            0x300, 0x301, 0x302, 0x323, 0x327, 0x3099, 0x5B0, 0x93C, 0x302E, 0x1D165, 0x1161, 0x11A8, 0xAC00,
        ];
        Random random = new(3);
        List<string> texts = [];
        for (int code = 0x80; code < 0x20000; code++)
        {
            if (code is >= 0xD800 and <= 0xDFFF || !IsKnown(code)) continue;
            texts.Add(char.ConvertFromUtf32(code));
            string run = string.Concat(Enumerable.Range(0, 3).Select(_ =>
                char.ConvertFromUtf32(marks[random.Next(marks.Length)])));
            texts.Add(char.ConvertFromUtf32(code) + run);
        }
        foreach ((bool compatibility, bool compose, NormalizationForm form) in Forms)
            Assert.All(texts, text =>
                Assert.Equal(text.Normalize(form), UnicodeNormalization.Apply(text, compatibility, compose)));
    }

    /// <summary>Whether a code point is assigned, and was before Unicode 15.</summary>
    static bool IsKnown(int code)
    {
        if (code is >= 0x105C0 and <= 0x105FF or >= 0x11380 and <= 0x113E2 or >= 0x16100 and <= 0x1613F
            or >= 0x10EFC and <= 0x10EFF or 0x11F41 or 0x11F42 or >= 0x1E4EC and <= 0x1E4EF
            or >= 0x16D40 and <= 0x16D7F or >= 0x1E5D0 and <= 0x1E5FF or >= 0x1E030 and <= 0x1E08F) return false;
        return CharUnicodeInfo.GetUnicodeCategory(code) != UnicodeCategory.OtherNotAssigned;
    }
}

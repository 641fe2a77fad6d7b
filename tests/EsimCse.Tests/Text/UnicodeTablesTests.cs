using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class UnicodeTablesTests
{
    delegate int Map(int code, Span<int> target);

    static string Apply(Map map, string character)
    {
        Span<int> target = stackalloc int[4];
        int count = map(char.ConvertToUtf32(character, 0), target);
        return string.Concat(target[..count].ToArray().Select(char.ConvertFromUtf32));
    }

    [Theory]
    [InlineData("é", "e")]
    [InlineData("ǖ", "u")]
    [InlineData("ø", "ø")]
    [InlineData("가", "\u1100\u1161")]
    [InlineData("힣", "\u1112\u1175\u11C2")]
    [InlineData("\u0301", "")]
    public void Accents_are_stripped_by_canonical_decomposition(string character, string expected) =>
        Assert.Equal(expected, Apply(UnicodeTables.StripAccents, character));

    [Theory]
    [InlineData("É", "é")]
    [InlineData("İ", "i\u0307")]
    [InlineData("Σ", "σ")]
    [InlineData("ẞ", "ß")]
    [InlineData("\U00010400", "\U00010428")]
    [InlineData("我", "我")]
    public void Lower_casing_is_the_full_mapping(string character, string expected) =>
        Assert.Equal(expected, Apply(UnicodeTables.ToLower, character));

    [Fact]
    public void Properties_of_single_code_points()
    {
        Assert.All([0x20, 0x85, 0xA0, 0x2003, 0x3000], code => Assert.True(UnicodeTables.IsWhitespace(code)));
        Assert.All([0x200B, 'a'], code => Assert.False(UnicodeTables.IsWhitespace(code)));
        Assert.All([0x00, 0x7F, 0x200D, 0xE000], code => Assert.True(UnicodeTables.IsControl(code)));
        Assert.All(['\t', '\n', '\r', 'a'], code => Assert.False(UnicodeTables.IsControl(code)));
        Assert.All(['!', '$', '`', '~', 0x2014, 0x3002], code => Assert.True(UnicodeTables.IsPunctuation(code)));
        Assert.All(['a', '1', 0x20AC, 0x2E43], code => Assert.False(UnicodeTables.IsPunctuation(code)));
        Assert.All([0x4E00, 0x9FFF, 0x20000, 0x2FA1F], code => Assert.True(UnicodeTables.IsIdeograph(code)));
        Assert.All([0x3042, 0xAC00, 0x2B820], code => Assert.False(UnicodeTables.IsIdeograph(code)));
    }
}

using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class TextCaseTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("The CAT [MASK] 1", "the cat [mask] 1")]
    [InlineData("ÄÖÜ ẞ É", "äöü ß é")]
    [InlineData("İ", "i\u0307")]
    [InlineData("漢\U00010400", "漢\U00010428")]
    public void Each_code_point_is_lower_cased(string text, string expected) =>
        Assert.Equal(expected, TextCase.ToLower(text));
}

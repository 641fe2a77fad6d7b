using EsimCse.Core;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class SentenceReaderTests
{
    [Theory]
    [InlineData("a.txt")]
    [InlineData("-")]
    [InlineData("a.txt.gz", "b.text")]
    public void A_column_of_text_lines_is_a_usage_error(params string[] inputs)
    {
        SentenceReader.Text.CheckColumn(inputs, null);
        string message = Assert.Throws<UsageException>(() => SentenceReader.Text.CheckColumn(inputs, "title")).Message;
        Assert.Contains("--column title", message, StringComparison.Ordinal);
        SentenceReader.Text.CheckColumn([.. inputs, "a.csv.gz"], "title");
    }
}

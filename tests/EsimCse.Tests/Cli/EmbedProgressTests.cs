using EsimCse.Cli;
using EsimCse.Core.Text;

namespace EsimCse.Tests.Cli;

public class EmbedProgressTests
{
    static readonly TimeSpan TenSeconds = TimeSpan.FromSeconds(10);

    static string Describe(long totalBytes, params long[] offsets)
    {
        using EmbedProgress progress = new(totalBytes);
        foreach (long offset in offsets) progress.Add(new SentenceRow("a", default) { Offset = offset });
        return progress.Describe(TenSeconds);
    }

    [Fact]
    public void The_time_left_is_that_of_the_bytes_left() =>
        Assert.Equal("3 rows  0 rows/s  30 %  00:00:35 left", Describe(1000, 100, 200, 300));

    [Fact]
    public void Offsets_of_the_next_file_count_on() =>
        Assert.Equal("4 rows  0 rows/s  75 %  00:00:05 left", Describe(1000, 250, 500, 100, 250));

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(100, 50, 50)]
    public void Without_bytes_there_is_no_time(long totalBytes, long first, long second) =>
        Assert.Equal("2 rows  0 rows/s", Describe(totalBytes, first, second));
}

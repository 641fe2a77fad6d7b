using EsimCse.Formats.Parts;

namespace EsimCse.Tests.Formats.Parts;

public class ShardTests
{
    [Theory]
    [InlineData("0/1", 0, 1)]
    [InlineData("2/3", 2, 3)]
    [InlineData("07/010", 7, 10)]
    public void A_shard_is_an_index_and_a_number(string text, int index, int count) =>
        Assert.Equal(new Shard(index, count), Shard.TryParse(text));

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1/1")]
    [InlineData("3/2")]
    [InlineData("-1/2")]
    [InlineData("0/0")]
    [InlineData(" 0/2")]
    [InlineData("0/2/3")]
    [InlineData("0/99999999999")]
    public void Another_text_is_no_shard(string text) => Assert.Null(Shard.TryParse(text));

    [Fact]
    public void Each_chunk_has_one_shard()
    {
        const int count = 3;
        for (long chunk = 0; chunk < 20; chunk++)
            Assert.Single(Enumerable.Range(0, count), index => new Shard(index, count).Owns(chunk));
    }
}

using EsimCseNative.Hub;

namespace EsimCse.Tests.Native.Hub;

public sealed class ContentHashTests : IDisposable
{
    readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")]
    [InlineData("hello\n", "ce013625030ba8dba906f756967f9e9ca394464a")]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("hello\n", "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")]
    public async Task The_hashes_are_those_of_git_hash_object_and_sha256sum(string text, string expected)
    {
        await File.WriteAllTextAsync(_path, text);
        Assert.Equal(expected, await ContentHash.ComputeAsync(_path, expected, CancellationToken.None));
    }

    [Theory]
    [InlineData("../../../../../etc/passwd")]
    [InlineData("E69DE29BB2D1D6434B8B29AE775AD8C2E48C5391")]
    [InlineData("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\n")]
    [InlineData("e69de29")]
    [InlineData("")]
    public void Another_text_is_no_hash(string text) => Assert.False(ContentHash.IsHash(text));
}

using EsimCseNative.Hub;

namespace EsimCse.Tests.Native.Hub;

public class HubIdTests
{
    [Theory]
    [InlineData("bert-base-uncased", "models--bert-base-uncased")]
    [InlineData("sentence-transformers/all-MiniLM-L6-v2", "models--sentence-transformers--all-MiniLM-L6-v2")]
    [InlineData("a/b", "models--a--b")]
    [InlineData("_a_/b.c", "models--_a_--b.c")]
    public void A_name_with_or_without_an_organization_is_an_id(string text, string folder)
    {
        Assert.True(HubId.TryParse(text, out HubId? id));
        Assert.Equal((text, folder), (id.ToString(), id.FolderName));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/models/a")]
    [InlineData("./a")]
    [InlineData("../a")]
    [InlineData("a/")]
    [InlineData("a/b/")]
    [InlineData("a/b/c")]
    [InlineData("a//b")]
    [InlineData("~/a")]
    [InlineData(@"a\b")]
    [InlineData("C:a")]
    [InlineData("a..b")]
    [InlineData("a--b")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("a.git")]
    [InlineData("a b")]
    [InlineData("a\n")]
    [InlineData("modèle")]
    [InlineData("a/b?x")]
    public void A_path_or_another_text_is_none(string text) => Assert.False(HubId.TryParse(text, out _));

    [Fact]
    public void A_name_has_at_most_96_characters()
    {
        Assert.True(HubId.TryParse(new string('a', 96), out _));
        Assert.False(HubId.TryParse(new string('a', 97), out _));
    }
}

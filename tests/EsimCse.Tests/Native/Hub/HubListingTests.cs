using System.Text;
using EsimCse.Core;
using EsimCseNative.Hub;

namespace EsimCse.Tests.Native.Hub;

public class HubListingTests
{
    const string Commit = "0123456789abcdef0123456789abcdef01234567";

    static HubListing Parse(string json) => HubListing.Parse(Encoding.UTF8.GetBytes(json), "http://hub/api");

    [Fact]
    public void Commit_and_names_are_read()
    {
        HubListing listing = Parse($$"""
            {"id":"a","sha":"{{Commit}}","siblings":[{"rfilename":"a.json","size":1},{"rfilename":"b/ü c.txt"},
            {"rfilename":"runs/10:20"},{"rfilename":"Icon\r"}]}
            """);
        Assert.Equal(Commit, listing.Commit);
        Assert.Equal(["Icon\r", "a.json", "b/ü c.txt", "runs/10:20"], listing.Files.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("./config.json")]
    [InlineData(@"..\\x")]
    [InlineData("C:x")]
    [InlineData("")]
    [InlineData(@"a\u0000b")]
    [InlineData("..")]
    [InlineData("a/")]
    public void A_name_that_leads_out_is_refused(string name)
    {
        string json = $$"""{"sha":"{{Commit}}","siblings":[{"rfilename":"config.json"},{"rfilename":"{{name}}"}]}""";
        string message = Assert.Throws<InvalidInputException>(() => Parse(json)).Message;
        Assert.StartsWith("http://hub/api: found the file name '", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>Sign in</html>")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData($$"""{"sha":"{{Commit}}"}""")]
    [InlineData($$$"""{"sha":"{{{Commit}}}","siblings":{}}""")]
    [InlineData($$"""{"sha":"{{Commit}}","siblings":[1]}""")]
    [InlineData($$"""{"sha":"{{Commit}}","siblings":[{"rfilename":1}]}""")]
    [InlineData($$"""{"sha":"{{Commit}}","siblings":[{"rfilename":"a"}""")]
    [InlineData("""{"sha":1,"siblings":[]}""")]
    [InlineData("""{"sha":"../../x","siblings":[]}""")]
    [InlineData("""{"sha":null,"siblings":[]}""")]
    public void Another_answer_is_refused(string json)
    {
        string message = Assert.Throws<InvalidInputException>(() => Parse(json)).Message;
        Assert.StartsWith("http://hub/api: found ", message, StringComparison.Ordinal);
    }
}

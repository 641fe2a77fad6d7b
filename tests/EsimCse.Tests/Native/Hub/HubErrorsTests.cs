using EsimCse.Tests.Support;
using EsimCseNative.Hub;

namespace EsimCse.Tests.Native.Hub;

public sealed class HubErrorsTests : IDisposable
{
    const string NeedsToken = "no such repository at HUB, or one that needs an access token: set HF_TOKEN";

    readonly FakeHub _hub = new();

    public HubErrorsTests() => _hub.AddModel();

    public void Dispose() => _hub.Dispose();

    /// <summary>Returns the refusal of a download that is answered with a status, without address and id.</summary>
    string Refusal(int status, string? code, string? message, bool hasToken)
    {
        List<(string, string)> headers = [];
        if (code is not null) headers.Add(("X-Error-Code", code));
        if (message is not null) headers.Add(("X-Error-Message", message));
        _hub.Fault = _ => new(status, [.. headers]);
        HubSettings settings = hasToken ? _hub.Settings : _hub.Settings with { Token = null };
        string refusal = _hub.Refusal(settings);
        Assert.StartsWith("org/small: ", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_secret", refusal, StringComparison.Ordinal);
        return refusal["org/small: ".Length..].Replace(_hub.Address, "http://HUB").Replace(_hub.Settings.Host, "HUB");
    }

    [Theory]
    [InlineData(401, "RepoNotFound", null, false, NeedsToken)]
    [InlineData(401, null, null, false, NeedsToken)]
    [InlineData(401, "RepoNotFound", null, true, "no such repository at HUB, or the access token must not read it")]
    [InlineData(
        401, null, "Invalid credentials", true,
        "HUB refuses the access token of HF_TOKEN or of the token file: Invalid credentials")]
    [InlineData(
        401, "GatedRepo", null, false,
        "a gated repository: ask for access at http://HUB/org/small and set HF_TOKEN")]
    [InlineData(
        403, "GatedRepo", null, true,
        "a gated repository: ask for access at http://HUB/org/small with the account of the access token")]
    [InlineData(403, null, "no", true, "HUB denies access: no")]
    [InlineData(404, "RepoNotFound", null, true, "no such repository at HUB, and no such folder")]
    [InlineData(404, "RevisionNotFound", null, true, "no such revision main at HUB")]
    [InlineData(404, null, null, true, "no such repository at HUB, or no such revision main")]
    [InlineData(
        400, null, "bad", true, "HUB answers 400 (bad) to http://HUB/api/models/org/small/revision/main")]
    public void A_refusal_is_one_line_that_says_the_way_out(
        int status, string? code, string? message, bool hasToken, string expected)
    {
        Assert.Equal(expected, Refusal(status, code, message, hasToken));
        Assert.Single(_hub.Requests);
        Assert.False(Directory.Exists(_hub.Repository));
    }

    [Fact]
    public void A_revision_that_is_missing_is_named() =>
        Assert.Contains("no such revision v9 at ", _hub.Refusal(revision: "v9"), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_missing_is_named()
    {
        _hub.Fault = request =>
        {
            bool isMissing = request.Path.EndsWith("/vocab.txt", StringComparison.Ordinal);
            return isMissing ? new(404, ("X-Error-Code", "EntryNotFound")) : null;
        };
        Assert.Contains("org/small: vocab.txt: listed, but not found", _hub.Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_gated_file_is_a_refusal()
    {
        _hub.Fault = request => request.Method == "HEAD" ? new(403, ("X-Error-Code", "GatedRepo")) : null;
        Assert.Contains("a gated repository", _hub.Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_in_place_of_the_listing_is_refused()
    {
        _hub.Fault = _ => new(200, "<html>Sign in to the hotel's network</html>"u8.ToArray());
        Assert.EndsWith(": found no listing, expected JSON with sha and siblings", _hub.Refusal());
    }

    [Fact]
    public void A_listing_with_a_name_that_leads_out_is_refused()
    {
        _hub.Add("../../.bashrc", "x");
        Assert.Contains("found the file name '../../.bashrc'", _hub.Refusal(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_hub.Repository));
    }

    [Fact]
    public void Modules_in_a_folder_outside_are_refused()
    {
        _hub.Add("modules.json", """
            [{"idx":0,"name":"0","path":"../x","type":"sentence_transformers.models.Transformer"}]
            """);
        Assert.Contains("expected a folder inside this one", _hub.Refusal(), StringComparison.Ordinal);
    }
}

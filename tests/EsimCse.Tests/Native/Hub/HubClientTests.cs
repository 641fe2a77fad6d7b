using EsimCse.Tests.Support;

namespace EsimCse.Tests.Native.Hub;

public sealed class HubClientTests : IDisposable
{
    readonly FakeHub _hub = new();
    readonly string[] _read;

    public HubClientTests() => _read = _hub.AddModel();

    public void Dispose() => _hub.Dispose();

    [Fact]
    public void The_token_goes_to_the_hub_alone()
    {
        _hub.Download();
        Assert.All(_hub.Requests, request => Assert.Equal("Bearer hf_secret", request.Header("Authorization")));
        Assert.NotEmpty(_hub.CdnRequests);
        Assert.All(_hub.CdnRequests, request => Assert.Null(request.Header("Authorization")));
        Assert.All(
            _hub.Requests.Concat(_hub.CdnRequests),
            request => Assert.Equal("identity", request.Header("Accept-Encoding")));
    }

    [Fact]
    public void Redirects_inside_of_the_hub_are_followed_with_the_token()
    {
        const string cache = "/api/resolve-cache/models";
        _hub.Fault = request =>
        {
            if (request.Path.StartsWith("/org/small/resolve/", StringComparison.Ordinal))
                return new(307, ("Location", cache + request.Path));
            bool isRenamed = request.Path.StartsWith("/api/models/org/small/", StringComparison.Ordinal);
            if (isRenamed) return new(307, ("Location", request.Path.Replace("org/small", "new/small")));
            if (request.Path.StartsWith("/api/models/new/", StringComparison.Ordinal))
                return _hub.Answer(request with { Path = request.Path.Replace("new/small", "org/small") });
            return _hub.Answer(request with { Path = request.Path[cache.Length..] });
        };
        _hub.Download();
        _hub.AssertCached(_read);
        Assert.All(_hub.Requests, request => Assert.Equal("Bearer hf_secret", request.Header("Authorization")));
    }

    [Fact]
    public void Redirects_in_a_circle_are_refused()
    {
        _hub.Fault = request => new(302, ("Location", request.Path));
        Assert.Contains("found a redirect after 10 others", _hub.Refusal());
    }

    [Fact]
    public void A_redirect_to_another_scheme_is_refused()
    {
        _hub.CdnFault = _ => new(302, ("Location", "file:///etc/passwd"));
        Assert.Contains("found a redirect to file, expected http", _hub.Refusal());
    }

    [Theory]
    [InlineData("../../../../x")]
    [InlineData("abc")]
    [InlineData("")]
    public void A_hash_that_is_none_is_refused(string hash)
    {
        _hub.Fault = request => request.Method == "HEAD" ? new(200, ("X-Linked-Etag", $"\"{hash}\"")) : null;
        Assert.StartsWith($"org/small: modules.json: ETag: found '{hash}'", _hub.Refusal());
    }
}

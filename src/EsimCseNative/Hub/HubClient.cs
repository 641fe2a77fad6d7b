using System.Net;
using EsimCse.Core;

namespace EsimCseNative.Hub;

/// <summary>A file of a commit.</summary>
/// <param name="Hash">The hash of its bytes; see <see cref="ContentHash"/>.</param>
/// <param name="Size">Its size in bytes; null where the server does not state it.</param>
sealed record HubFile(string Hash, long? Size);

/// <summary>
/// Requests to the hub about one repository. Redirects are followed here, so that the access token goes to the hub's
/// own host only.
/// </summary>
sealed class HubClient : IDisposable
{
    const int MaxRedirects = 10;

    /// <summary>The longest listing that is read; a file's name is about a hundred bytes of it.</summary>
    const int MaxListingBytes = 64 << 20;

    const string LinkedHashHeader = "X-Linked-Etag", LinkedSizeHeader = "X-Linked-Size";

    readonly HubSettings _settings;
    readonly HubId _id;
    readonly HubErrors _errors;
    readonly HttpClient _http;

    public HubClient(HubSettings settings, HubId id, string revision)
    {
        _settings = settings;
        _id = id;
        _errors = new(settings, id, revision);
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = settings.Timeout,
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        string version = typeof(HubClient).Assembly.GetName().Version!.ToString(3);
        _http.DefaultRequestHeaders.UserAgent.Add(new("esimcse", version));
        // The sizes and hashes are those of the bytes as they are.
        _http.DefaultRequestHeaders.AcceptEncoding.ParseAdd("identity");
    }

    /// <summary>Asks for the commit and the files of a revision.</summary>
    /// <exception cref="InvalidInputException">There is no such revision, no access, or no listing.</exception>
    /// <exception cref="HubUnreachableException">The hub cannot be reached or is busy.</exception>
    public async Task<HubListing> ListAsync(string revision, CancellationToken stop)
    {
        string address = $"{_settings.Endpoint}/api/models/{_id}/revision/{Uri.EscapeDataString(revision)}";
        using HubResponse answer = await SendAsync(HttpMethod.Get, new Uri(address), from: 0, stop);
        if (!answer.Message.IsSuccessStatusCode) throw _errors.From(answer.Message, answer.Host, address);
        byte[] buffer = new byte[1 << 16];
        using MemoryStream json = new();
        for (int count; (count = await answer.ReadAsync(buffer, stop)) > 0;)
        {
            json.Write(buffer, 0, count);
            if (json.Length > MaxListingBytes)
                throw new InvalidInputException($"{address}: found over {MaxListingBytes} bytes, expected a listing");
        }
        return HubListing.Parse(json.GetBuffer().AsMemory(0, (int)json.Length), address);
    }

    /// <summary>Asks for the hash and the size of a file.</summary>
    /// <exception cref="InvalidInputException">There is no such file, no access, or no hash.</exception>
    /// <exception cref="HubUnreachableException">The hub cannot be reached or is busy.</exception>
    public async Task<HubFile> FindAsync(string commit, string file, CancellationToken stop)
    {
        using HubResponse answer = await SendAsync(HttpMethod.Head, Address(commit, file), from: 0, stop);
        bool hasLink = answer.Message.Headers.Contains(LinkedHashHeader);
        if (!hasLink && !answer.Message.IsSuccessStatusCode) throw _errors.From(answer.Message, answer.Host, file);
        string hash = (Header(answer, LinkedHashHeader) ?? Header(answer, "ETag") ?? "").Replace("W/", "").Trim('"');
        if (!ContentHash.IsHash(hash))
            throw new InvalidInputException(
                $"{_id}: {file}: ETag: found '{hash}', expected a git SHA-1 or a SHA-256 to check the bytes with");
        // The length of a redirect's body is not the file's.
        long? length = answer.Message.IsSuccessStatusCode ? answer.Message.Content.Headers.ContentLength : null;
        return new(hash, long.TryParse(Header(answer, LinkedSizeHeader), out long size) ? size : length);
    }

    /// <summary>Asks for the bytes of a file from a place on.</summary>
    /// <exception cref="InvalidInputException">There is no such file, or no access.</exception>
    /// <exception cref="HubUnreachableException">A server cannot be reached or is busy.</exception>
    public async Task<HubResponse> OpenAsync(string commit, string file, long from, CancellationToken stop)
    {
        HubResponse answer = await SendAsync(HttpMethod.Get, Address(commit, file), from, stop);
        bool isRefusedRange = answer.Message.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable;
        if (answer.Message.IsSuccessStatusCode || isRefusedRange) return answer;
        using (answer) throw _errors.From(answer.Message, answer.Host, file);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>
    /// Sends a request and follows redirects, for HEAD up to an answer that states the hash of the file it links to.
    /// </summary>
    async Task<HubResponse> SendAsync(HttpMethod method, Uri address, long from, CancellationToken stop)
    {
        for (int redirects = 0; redirects <= MaxRedirects; redirects++)
        {
            HttpResponseMessage answer = await SendOnceAsync(method, address, from, stop);
            Uri? target = RedirectTarget(answer, address);
            bool isFinal = method == HttpMethod.Head && answer.Headers.Contains(LinkedHashHeader);
            if (target is null || isFinal) return new HubResponse(answer, address.Authority, _settings.Timeout);
            answer.Dispose();
            bool isSafe = target.Scheme == Uri.UriSchemeHttps || target.Scheme == address.Scheme;
            if (!isSafe) throw WrongRedirect(address, $"to {target.Scheme}", address.Scheme);
            address = target;
        }
        throw WrongRedirect(address, $"after {MaxRedirects} others", "a file");
    }

    async Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, Uri address, long from, CancellationToken stop)
    {
        using HttpRequestMessage request = new(method, address);
        if (from > 0) request.Headers.Range = new(from, null);
        if (_settings.Token is { } token && IsHub(address)) request.Headers.Authorization = new("Bearer", token);
        return await HubResponse.WithinAsync(
            address.Authority,
            _settings.Timeout,
            limit => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit),
            stop);
    }

    bool IsHub(Uri address)
    {
        const UriComponents origin = UriComponents.SchemeAndServer;
        Uri hub = new(_settings.Endpoint);
        return Uri.Compare(address, hub, origin, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0;
    }

    Uri Address(string commit, string file)
    {
        string path = string.Join('/', file.Split('/').Select(Uri.EscapeDataString));
        return new($"{_settings.Endpoint}/{_id}/resolve/{commit}/{path}");
    }

    InvalidInputException WrongRedirect(Uri address, string found, string expected) =>
        new($"{_id}: {address.Authority}: found a redirect {found}, expected {expected}");

    static Uri? RedirectTarget(HttpResponseMessage answer, Uri address)
    {
        bool isRedirect = answer.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found
            or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
        return isRedirect && answer.Headers.Location is { } location ? new Uri(address, location) : null;
    }

    static string? Header(HubResponse answer, string name) =>
        answer.Message.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;
}

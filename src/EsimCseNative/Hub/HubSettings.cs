using System.Text;
using EsimCse.Core;

namespace EsimCseNative.Hub;

/// <summary>The settings of the hub, from the environment variables that huggingface_hub reads.</summary>
sealed record HubSettings
{
    const string EndpointVariable = "HF_ENDPOINT", TokenVariable = "HF_TOKEN";

    static readonly string[] TrueValues = ["1", "ON", "YES", "TRUE"];

    /// <summary>The folder of the cached repositories, a full path.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>The address of the hub, without a slash at its end.</summary>
    public string Endpoint { get; init; } = "https://huggingface.co";

    /// <summary>The access token; null for none.</summary>
    public string? Token { get; init; }

    /// <summary>Whether only the cache is used.</summary>
    public bool IsOffline { get; init; }

    /// <summary>Whether a snapshot's files are symbolic links to blobs where these can be made, else copies.</summary>
    public bool UsesLinks { get; init; } = true;

    /// <summary>The time that a server may be silent: by default that of huggingface_hub.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The wait after a first failure; each further failure in a row doubles it.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The hub's host, with its port where that is not the usual one, for messages.</summary>
    public string Host => new Uri(Endpoint).Authority;

    /// <summary>Reads the settings of this process.</summary>
    /// <exception cref="UsageException">A variable is malformed.</exception>
    public static HubSettings FromEnvironment() => Read(Environment.GetEnvironmentVariable);

    /// <summary>Reads the settings from variables.</summary>
    /// <exception cref="UsageException">A variable is malformed.</exception>
    public static HubSettings Read(Func<string, string?> variable)
    {
        string user = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string caches = First("XDG_CACHE_HOME") ?? Path.Combine(user, ".cache");
        string home = First("HF_HOME") ?? Path.Combine(caches, "huggingface");
        string tokenFile = First("HF_TOKEN_PATH") ?? Path.Combine(home, "token");
        bool sendsToken = !IsTrue("HF_HUB_DISABLE_IMPLICIT_TOKEN");
        HubSettings settings = new()
        {
            CacheFolder = Path.GetFullPath(First("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub")),
            Token = sendsToken ? FindToken(First(TokenVariable, "HUGGING_FACE_HUB_TOKEN"), tokenFile) : null,
            IsOffline = IsTrue("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"),
            UsesLinks = !IsTrue("HF_HUB_DISABLE_SYMLINKS"),
        };
        return First(EndpointVariable) is { } endpoint
            ? settings with { Endpoint = CheckEndpoint(endpoint.TrimEnd('/')) }
            : settings;

        string? First(params string[] names) =>
            names.Select(variable).FirstOrDefault(value => !string.IsNullOrEmpty(value)) is { } value
                ? ExpandHome(value, user)
                : null;

        bool IsTrue(params string[] names) =>
            First(names) is { } value && TrueValues.Contains(value, StringComparer.OrdinalIgnoreCase);
    }

    static string ExpandHome(string path, string user) =>
        path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? user + path[1..] : path;

    static string CheckEndpoint(string endpoint)
    {
        bool isWeb = Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address)
            && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp);
        return isWeb
            ? endpoint
            : throw new UsageException($"{EndpointVariable}: found {endpoint}, expected an http or https address");
    }

    /// <summary>Returns the token of the variable, else that of the file; null for none.</summary>
    static string? FindToken(string? variable, string file)
    {
        string? text = variable ?? (File.Exists(file) ? File.ReadAllText(file) : null);
        string token = (text ?? "").ReplaceLineEndings("").Trim();
        if (token.Length == 0) return null;
        if (Ascii.IsValid(token) && !token.Any(char.IsControl)) return token;
        string source = variable is null ? file : TokenVariable;
        throw new UsageException($"{source}: found characters that no access token has, expected ASCII");
    }
}

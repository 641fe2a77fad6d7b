using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace EsimCse.Serving;

/// <summary>The key that requests carry in the header Authorization, as <c>Bearer KEY</c>.</summary>
/// <param name="key">The key, not empty.</param>
sealed class ApiKey(string key)
{
    const string Scheme = "Bearer ";

    readonly byte[] _hash = Hash(key);

    /// <summary>
    /// Requires that a request carries the key. Hashes are compared, in a time that depends neither on the key nor on
    /// its length.
    /// </summary>
    /// <exception cref="RequestException">It carries none or another one.</exception>
    public void Require(HttpRequest request)
    {
        string header = request.Headers.Authorization.ToString();
        bool hasKey = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);
        if (hasKey && CryptographicOperations.FixedTimeEquals(Hash(header[Scheme.Length..].Trim()), _hash)) return;
        string found = hasKey ? "another key" : "no key";
        string message = $"Authorization: found {found}, expected Bearer and the server's key";
        throw new RequestException(StatusCodes.Status401Unauthorized, message);
    }

    static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}

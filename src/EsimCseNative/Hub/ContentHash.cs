using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace EsimCseNative.Hub;

/// <summary>
/// The hash that an ETag of the hub states: SHA-256 of the bytes of a large file, or git's SHA-1 of any other, which
/// is over "blob LENGTH", a zero byte and the bytes.
/// </summary>
static partial class ContentHash
{
    const int Sha1Digits = 40;

    /// <summary>Whether a text is one of the two hashes, in lower-case hexadecimal digits.</summary>
    public static bool IsHash(string text) => Hash().IsMatch(text);

    /// <summary>Whether a text is the full hash of a commit.</summary>
    public static bool IsCommit(string text) => text.Length == Sha1Digits && IsHash(text);

    /// <summary>Returns the name of a hash's algorithm, for messages.</summary>
    public static string NameOf(string hash) => hash.Length == Sha1Digits ? "git SHA-1" : "SHA-256";

    /// <summary>Computes the hash of a file by the algorithm of the expected hash.</summary>
    public static async Task<string> ComputeAsync(string path, string expected, CancellationToken stop)
    {
        bool isGit = expected.Length == Sha1Digits;
        using var hash = IncrementalHash.CreateHash(isGit ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256);
        await using FileStream file = File.OpenRead(path);
        if (isGit) hash.AppendData(Encoding.ASCII.GetBytes($"blob {file.Length}\0"));
        byte[] buffer = new byte[1 << 20];
        for (int count; (count = await file.ReadAsync(buffer, stop)) > 0;) hash.AppendData(buffer, 0, count);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    [GeneratedRegex(@"\A(?:[0-9a-f]{40}|[0-9a-f]{64})\z")]
    private static partial Regex Hash();
}

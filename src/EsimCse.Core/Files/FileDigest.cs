using System.Security.Cryptography;

namespace EsimCse.Core.Files;

/// <summary>The SHA-256 of a file.</summary>
static class FileDigest
{
    /// <summary>Returns the SHA-256 of a file's bytes in hexadecimal digits, in lower case.</summary>
    public static string Compute(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}

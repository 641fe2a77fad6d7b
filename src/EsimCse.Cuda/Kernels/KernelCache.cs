using System.Security.Cryptography;
using System.Text;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Kernels;

/// <summary>Compiled kernels on disk, by the hash of everything that they depend on: text, headers, options, architecture and the compiler itself.</summary>
static class KernelCache
{
    /// <summary>The image of an operation's kernels, from the disk or fresh from the compiler.</summary>
    public static byte[] Get(string operation, string architecture, bool fresh = false)
    {
        string path = Path.Combine(Folder, Key(operation, architecture) + ".cubin");
        if (!fresh && TryRead(path) is { } kept) return kept;
        byte[] image = KernelCompiler.Compile(operation, architecture, out _);
        TryWrite(path, image);
        return image;
    }

    /// <summary>Where this engine keeps what it can make again.</summary>
    public static string Root
    {
        get
        {
            string? named = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            string root = !string.IsNullOrEmpty(named) ? named
                : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return Path.Combine(root, "esimcse");
        }
    }

    static string Folder => Path.Combine(Root, "kernels");

    static string Key(string operation, string architecture)
    {
        Nvrtc.Version(out int major, out int minor).ThrowIfFailed();
        string compiler = CudaLibraries.Require(CudaLibraries.Compiler).Path;
        string identity = File.Exists(compiler) ? $"{new FileInfo(compiler).Length} {File.GetLastWriteTimeUtc(compiler).Ticks}" : "";
        IEnumerable<string> all = [$"{major}.{minor}", compiler, identity, architecture, .. KernelCompiler.Options, KernelSources.Read(operation),
            .. KernelSources.Headers.SelectMany(header => new[] { header.Name, header.Text })];
        return $"{operation}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', all))))}";
    }

    static byte[]? TryRead(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllBytes(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A cache that cannot be written costs the next start its time and nothing else.</summary>
    static void TryWrite(string path, byte[] image)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            string temporary = $"{path}.{Environment.ProcessId}.tmp";
            File.WriteAllBytes(temporary, image);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
    }
}

using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Kernels;

/// <summary>
/// Compiled kernels on disk. The file name contains the hash of everything that the image depends on: source, headers,
/// options, architecture and the compiler.
/// </summary>
static class KernelCache
{
    static readonly ConcurrentDictionary<string, Lock> Locks = new();

    /// <summary>
    /// Returns the image of a variant, compiled if it is not on disk; once for several devices that ask at a time.
    /// </summary>
    public static byte[] Get(KernelVariant variant, string architecture)
    {
        string path = ImagePath(variant, architecture);
        lock (Locks.GetOrAdd(path, _ => new Lock())) return TryRead(path) ?? Recompile(variant, architecture);
    }

    /// <summary>Compiles a variant and replaces its image on disk.</summary>
    public static byte[] Recompile(KernelVariant variant, string architecture)
    {
        byte[] image = KernelCompiler.Compile(variant.Operation, architecture, out _, [.. variant.Options]);
        TryWrite(ImagePath(variant, architecture), image);
        return image;
    }

    static string ImagePath(KernelVariant variant, string architecture)
    {
        byte[] key = Encoding.UTF8.GetBytes(string.Join('\0', Key(variant, architecture)));
        string hash = Convert.ToHexStringLower(SHA256.HashData(key));
        return CacheFolder.In("kernels", $"{variant.Operation}-{hash}.cubin");
    }

    static IEnumerable<string> Key(KernelVariant variant, string architecture)
    {
        Nvrtc.Version(out int major, out int minor).ThrowIfFailed();
        string compiler = CudaLibraries.Require(CudaLibraries.Nvrtc).Path;
        return
        [
            $"{major}.{minor}",
            compiler,
            FileIdentity(compiler),
            architecture,
            .. KernelCompiler.Options,
            .. variant.Options,
            KernelSources.Read(variant.Operation),
            .. KernelSources.Headers.SelectMany(header => new[] { header.Name, header.Text }),
        ];
    }

    static string FileIdentity(string path)
    {
        FileInfo file = new(path);
        return file.Exists ? $"{file.Length} {file.LastWriteTimeUtc.Ticks}" : "";
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

    /// <summary>Writes an image. A failure is ignored: the next start compiles again.</summary>
    static void TryWrite(string path, byte[] image)
    {
        try
        {
            CacheFolder.Write(path, image);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
    }
}

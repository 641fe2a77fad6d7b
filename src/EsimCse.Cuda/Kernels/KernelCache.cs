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
    /// <summary>Returns the image of an operation's kernels, compiled if it is not on disk.</summary>
    public static byte[] Get(string operation, string architecture) =>
        TryRead(ImagePath(operation, architecture)) ?? Recompile(operation, architecture);

    /// <summary>Compiles an operation's kernels and replaces the image on disk.</summary>
    public static byte[] Recompile(string operation, string architecture)
    {
        byte[] image = KernelCompiler.Compile(operation, architecture, out _);
        TryWrite(ImagePath(operation, architecture), image);
        return image;
    }

    static string ImagePath(string operation, string architecture)
    {
        byte[] key = Encoding.UTF8.GetBytes(string.Join('\0', Key(operation, architecture)));
        string hash = Convert.ToHexStringLower(SHA256.HashData(key));
        return CacheFolder.In("kernels", $"{operation}-{hash}.cubin");
    }

    static IEnumerable<string> Key(string operation, string architecture)
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
            KernelSources.Read(operation),
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

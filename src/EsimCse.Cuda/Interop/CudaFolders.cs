namespace EsimCse.Cuda.Interop;

/// <summary>The folders in which CUDA's libraries are usually installed.</summary>
static class CudaFolders
{
    static readonly string[] PackageFolders = ["site-packages", "dist-packages"];
    static readonly string[] LibraryFolders = ["lib64", "lib", Path.Combine("bin", "x64"), "bin"];

    /// <summary>Returns the existing library folders of toolkits and conda, then those of pip's packages.</summary>
    public static IEnumerable<string> Installed() =>
        Toolkits().Concat(Environments().SelectMany(NvidiaPackages))
            .SelectMany(root => LibraryFolders.Select(name => Path.Combine(root, name)))
            .Where(Directory.Exists)
            .Distinct();

    static IEnumerable<string> Toolkits() => Present(
    [
        Environment.GetEnvironmentVariable("CUDA_HOME"),
        Environment.GetEnvironmentVariable("CUDA_PATH"),
        "/usr/local/cuda",
        .. Subfolders("/usr/local", "cuda-1*"),
        Environment.GetEnvironmentVariable("CONDA_PREFIX"),
    ]);

    static IEnumerable<string> Environments() => Present(
    [
        Environment.GetEnvironmentVariable("VIRTUAL_ENV"),
        Environment.GetEnvironmentVariable("CONDA_PREFIX"),
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local"),
        "/usr/local",
        "/usr",
    ]);

    static IEnumerable<string> NvidiaPackages(string environment) =>
        Subfolders(Path.Combine(environment, "lib"), "python3*").Append(Path.Combine(environment, "Lib"))
            .SelectMany(python => PackageFolders.Select(name => Path.Combine(python, name, "nvidia")))
            .SelectMany(nvidia => Subfolders(nvidia, "*"));

    static IEnumerable<string> Present(string?[] folders) =>
        folders.OfType<string>().Where(folder => folder.Length > 0);

    /// <summary>Returns the subfolders that match, newest version first.</summary>
    static string[] Subfolders(string folder, string pattern)
    {
        if (!Directory.Exists(folder)) return [];
        return [.. Directory.GetDirectories(folder, pattern).OrderDescending(StringComparer.Ordinal)];
    }
}

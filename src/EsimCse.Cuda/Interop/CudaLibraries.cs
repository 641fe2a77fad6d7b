using System.Runtime.InteropServices;
using EsimCse.Core;

namespace EsimCse.Cuda.Interop;

/// <summary>A library as it was found.</summary>
readonly record struct FoundLibrary(string Path, nint Handle);

/// <summary>
/// Finds the three CUDA libraries at run time, in this order: the folders of ESIMCSE_CUDA (any of the three) and ESIMCSE_NVRTC (the compiler alone), the loader's
/// path, the toolkit's folders, and the nvidia/*/lib folders that pip and conda lay down. CUDA 12 and 13, Linux and Windows.
/// </summary>
static class CudaLibraries
{
    public const string Driver = "cuda", Compiler = "nvrtc", Products = "cublasLt";
    public const string FolderVariable = "ESIMCSE_CUDA", CompilerVariable = "ESIMCSE_NVRTC";

    static readonly string[] PackageFolders = ["site-packages", "dist-packages"], LibraryFolders = ["lib64", "lib", Path.Combine("bin", "x64"), "bin"];
    static readonly Lock Once = new();
    static readonly Dictionary<string, FoundLibrary?> Found = [];
    static bool _registered;

    /// <summary>Makes the bindings of this assembly ask here.</summary>
    public static void Register()
    {
        lock (Once)
        {
            if (_registered) return;
            NativeLibrary.SetDllImportResolver(typeof(CudaLibraries).Assembly, (name, _, _) => Require(name).Handle);
            _registered = true;
        }
    }

    /// <summary>The library, or null where no folder has it.</summary>
    public static FoundLibrary? Find(string library)
    {
        lock (Once)
        {
            if (!Found.TryGetValue(library, out FoundLibrary? found)) Found[library] = found = Search(library);
            return found;
        }
    }

    /// <summary>The library.</summary>
    /// <exception cref="DeviceException">It is missing: what was looked for, where, and how to get it.</exception>
    public static FoundLibrary Require(string library) => Find(library) ?? throw new DeviceException($"{Missing(library)}; {Advice(library)}");

    /// <summary>What was looked for and where.</summary>
    public static string Missing(string library) =>
        $"no {string.Join(" or ", Names(library))} on the loader's path{string.Concat(Folders(library).Select(folder => $" or in {folder}"))}";

    /// <summary>How to get a library.</summary>
    public static string Advice(string library) => library switch
    {
        Driver => "install NVIDIA's driver",
        Compiler => "install the CUDA toolkit 12 or 13, or 'pip install nvidia-cuda-nvrtc-cu12'",
        _ => "install the CUDA toolkit 12 or 13, or 'pip install nvidia-cublas-cu12'",
    };

    static string[] Names(string library) => (library, OperatingSystem.IsWindows()) switch
    {
        (Driver, true) => ["nvcuda.dll"],
        (Driver, _) => ["libcuda.so.1"],
        (Compiler, true) => ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"],
        (Compiler, _) => ["libnvrtc.so.13", "libnvrtc.so.12"],
        (_, true) => ["cublasLt64_13.dll", "cublasLt64_12.dll"],
        _ => ["libcublasLt.so.13", "libcublasLt.so.12"],
    };

    static FoundLibrary? Search(string library)
    {
        foreach (string folder in Named(library))
            if (InFolder(library, folder) is { } named) return named;
        foreach (string name in Names(library))
            if (NativeLibrary.TryLoad(name, out nint handle)) return new(name, handle);
        foreach (string folder in Installed())
            if (InFolder(library, folder) is { } installed) return installed;
        return null;
    }

    static FoundLibrary? InFolder(string library, string folder)
    {
        foreach (string path in Names(library).Select(name => Path.Combine(folder, name)).Where(File.Exists))
        {
            if (library == Compiler) LoadBuiltIns(folder);
            if (NativeLibrary.TryLoad(path, out nint handle)) return new(path, handle);
        }
        return null;
    }

    /// <summary>The compiler looks for its built-ins by the loader's path, where this folder need not be; loaded first, they are found.</summary>
    static void LoadBuiltIns(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "*nvrtc-builtins*")) NativeLibrary.TryLoad(path, out _);
    }

    static IEnumerable<string> Folders(string library) => Named(library).Concat(Installed());

    static IEnumerable<string> Named(string library)
    {
        string[] variables = library == Compiler ? [CompilerVariable, FolderVariable] : [FolderVariable];
        return variables.Select(Environment.GetEnvironmentVariable).Where(value => !string.IsNullOrEmpty(value)).Select(value => value!);
    }

    static IEnumerable<string> Installed()
    {
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string?[] toolkits = [Environment.GetEnvironmentVariable("CUDA_HOME"), Environment.GetEnvironmentVariable("CUDA_PATH"), "/usr/local/cuda", .. Matching("/usr/local", "cuda-1*")];
        string?[] environments = [Environment.GetEnvironmentVariable("VIRTUAL_ENV"), Environment.GetEnvironmentVariable("CONDA_PREFIX"), Path.Combine(home, ".local"), "/usr/local", "/usr"];
        IEnumerable<string> packages = environments.Where(root => !string.IsNullOrEmpty(root))
            .SelectMany(root => Matching(Path.Combine(root!, "lib"), "python3*").Append(Path.Combine(root!, "Lib")))
            .SelectMany(python => PackageFolders.Select(name => Path.Combine(python, name, "nvidia")))
            .SelectMany(nvidia => Matching(nvidia, "*"));
        return toolkits.Where(root => !string.IsNullOrEmpty(root)).Select(root => root!).Concat(packages)
            .SelectMany(root => LibraryFolders.Select(name => Path.Combine(root, name)))
            .Where(Directory.Exists).Distinct();
    }

    static string[] Matching(string folder, string pattern) => Directory.Exists(folder) ? [.. Directory.GetDirectories(folder, pattern).OrderDescending(StringComparer.Ordinal)] : [];
}

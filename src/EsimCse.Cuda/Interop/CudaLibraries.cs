using System.Runtime.InteropServices;
using EsimCse.Core;

namespace EsimCse.Cuda.Interop;

/// <summary>A loaded library: its path, or its name where the loader found it, and its handle.</summary>
readonly record struct FoundLibrary(string Path, nint Handle);

/// <summary>
/// Finds the three CUDA libraries at run time: CUDA 12 or 13, Linux or Windows. Searches the folders named by
/// ESIMCSE_NVRTC (NVRTC alone) and ESIMCSE_CUDA (any of the three), then the loader's path, then
/// <see cref="CudaFolders.Installed"/>.
/// </summary>
static class CudaLibraries
{
    public const string Driver = "cuda";
    public const string Nvrtc = "nvrtc";
    public const string CublasLt = "cublasLt";

    const string FolderVariable = "ESIMCSE_CUDA";
    const string NvrtcFolderVariable = "ESIMCSE_NVRTC";

    static readonly Lock Sync = new();
    static readonly Dictionary<string, FoundLibrary?> Found = [];
    static bool _registered;

    /// <summary>Makes this assembly's bindings resolve their libraries here.</summary>
    public static void Register()
    {
        lock (Sync)
        {
            if (_registered) return;
            NativeLibrary.SetDllImportResolver(typeof(CudaLibraries).Assembly, (name, _, _) => Require(name).Handle);
            _registered = true;
        }
    }

    /// <summary>Returns the library, or null if it was not found. The search runs once per library.</summary>
    public static FoundLibrary? Find(string library)
    {
        lock (Sync)
        {
            if (!Found.TryGetValue(library, out FoundLibrary? found)) Found[library] = found = Search(library);
            return found;
        }
    }

    /// <summary>Returns the library.</summary>
    /// <exception cref="DeviceException">It was not found; the message is <see cref="DescribeMissing"/>.</exception>
    public static FoundLibrary Require(string library) =>
        Find(library) ?? throw new DeviceException(DescribeMissing(library));

    /// <summary>Returns which files were looked for, in which folders, and how to install the library.</summary>
    public static string DescribeMissing(string library)
    {
        IEnumerable<string> folders = NamedFolders(library).Concat(CudaFolders.Installed());
        string names = string.Join(" or ", FileNames(library));
        string places = string.Concat(folders.Select(folder => $" or in {folder}"));
        return $"no {names} on the loader's path{places}; {InstallHint(library)}";
    }

    static string InstallHint(string library) => library switch
    {
        Driver => "install NVIDIA's driver",
        Nvrtc => "install the CUDA toolkit 12 or 13, or 'pip install nvidia-cuda-nvrtc-cu12'",
        _ => "install the CUDA toolkit 12 or 13, or 'pip install nvidia-cublas-cu12'",
    };

    static string[] FileNames(string library) => (library, OperatingSystem.IsWindows()) switch
    {
        (Driver, true) => ["nvcuda.dll"],
        (Driver, _) => ["libcuda.so.1"],
        (Nvrtc, true) => ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"],
        (Nvrtc, _) => ["libnvrtc.so.13", "libnvrtc.so.12"],
        (_, true) => ["cublasLt64_13.dll", "cublasLt64_12.dll"],
        _ => ["libcublasLt.so.13", "libcublasLt.so.12"],
    };

    static FoundLibrary? Search(string library) =>
        LoadFromFolders(library, NamedFolders(library))
        ?? LoadByName(library)
        ?? LoadFromFolders(library, CudaFolders.Installed());

    static FoundLibrary? LoadByName(string library)
    {
        foreach (string name in FileNames(library))
            if (NativeLibrary.TryLoad(name, out nint handle)) return new(name, handle);
        return null;
    }

    static FoundLibrary? LoadFromFolders(string library, IEnumerable<string> folders)
    {
        foreach (string folder in folders)
            foreach (string path in FileNames(library).Select(name => Path.Combine(folder, name)).Where(File.Exists))
            {
                if (library == Nvrtc) LoadNvrtcBuiltins(folder);
                if (NativeLibrary.TryLoad(path, out nint handle)) return new(path, handle);
            }
        return null;
    }

    /// <summary>Loads NVRTC's builtins first: NVRTC itself searches for them on the loader's path alone.</summary>
    static void LoadNvrtcBuiltins(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "*nvrtc-builtins*"))
            NativeLibrary.TryLoad(path, out _);
    }

    static IEnumerable<string> NamedFolders(string library)
    {
        string[] variables = library == Nvrtc ? [NvrtcFolderVariable, FolderVariable] : [FolderVariable];
        return variables
            .Select(Environment.GetEnvironmentVariable)
            .OfType<string>()
            .Where(folder => folder.Length > 0);
    }
}

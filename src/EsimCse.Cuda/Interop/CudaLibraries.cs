using System.Diagnostics;
using System.Runtime.InteropServices;
using EsimCse.Core;

namespace EsimCse.Cuda.Interop;

/// <summary>A loaded library: its path, or its name where that is not known, and its handle.</summary>
readonly record struct FoundLibrary(string Path, nint Handle);

/// <summary>
/// Finds the three CUDA libraries at run time: CUDA 12 or 13, the newest that the driver can run, Linux or Windows.
/// Searches the folders named by ESIMCSE_NVRTC (NVRTC alone) and ESIMCSE_CUDA (any of the three), then the loader's
/// path, then <see cref="CudaFolders.Installed"/>.
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

    /// <summary>Returns the library's file names in the order in which they are tried.</summary>
    static string[] FileNames(string library)
    {
        if (library == Driver) return [OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1"];
        // A driver does not load the kernels of a newer major version.
        int[] majors = DriverMajor() == 12 ? [12, 13] : [13, 12];
        return [.. majors.Select(major => FileName(library, major))];
    }

    static string FileName(string library, int major) => (library, OperatingSystem.IsWindows()) switch
    {
        (Nvrtc, true) => $"nvrtc64_{major}0_0.dll",
        (Nvrtc, _) => $"libnvrtc.so.{major}",
        (_, true) => $"cublasLt64_{major}.dll",
        _ => $"libcublasLt.so.{major}",
    };

    /// <summary>Returns the major version of CUDA that the driver supports; 0 without a driver.</summary>
    static unsafe int DriverMajor()
    {
        // Not by the binding: its class waits for the lock that is held here.
        if (Find(Driver) is not { } driver) return 0;
        if (!NativeLibrary.TryGetExport(driver.Handle, "cuDriverGetVersion", out nint function)) return 0;
        int version;
        return ((delegate* unmanaged<int*, int>)function)(&version) == 0 ? version / 1000 : 0;
    }

    static FoundLibrary? Search(string library) =>
        LoadFromFolders(library, NamedFolders(library))
        ?? LoadByName(library)
        ?? LoadFromFolders(library, CudaFolders.Installed());

    static FoundLibrary? LoadByName(string library)
    {
        foreach (string name in FileNames(library))
            if (NativeLibrary.TryLoad(name, out nint handle)) return new(LoadedPath(name), handle);
        return null;
    }

    /// <summary>Returns the path of a library that the loader found: it tells versions apart.</summary>
    static string LoadedPath(string name)
    {
        using Process process = Process.GetCurrentProcess();
        IEnumerable<string> paths = process.Modules.Cast<ProcessModule>().Select(module => module.FileName);
        return paths.FirstOrDefault(path => Path.GetFileName(path).StartsWith(name, StringComparison.Ordinal)) ?? name;
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

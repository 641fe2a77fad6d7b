using System.Reflection;
using EsimCse.Core;

namespace EsimCse.Cuda.Kernels;

/// <summary>The sources in kernels/, embedded into this assembly.</summary>
static class KernelSources
{
    static readonly Assembly ThisAssembly = typeof(KernelSources).Assembly;

    /// <summary>Names and texts of the .cuh files.</summary>
    public static IReadOnlyList<(string Name, string Text)> Headers { get; } =
        [.. ResourceNames(".cuh").Select(name => (name, ReadResource(name)))];

    /// <summary>Names of the .cu files without their extension: layernorm for layernorm.cu.</summary>
    public static IReadOnlyList<string> Operations { get; } = [.. ResourceNames(".cu").Select(name => name[..^3])];

    /// <summary>Returns the text of an operation's .cu file.</summary>
    /// <exception cref="DeviceException">There is no such file.</exception>
    public static string Read(string operation) => ReadResource(operation + ".cu");

    static IEnumerable<string> ResourceNames(string extension) =>
        ThisAssembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(extension, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    static string ReadResource(string name)
    {
        using Stream? stream = ThisAssembly.GetManifestResourceStream(name);
        if (stream is null) throw new DeviceException($"kernels/{name}: no such kernel file");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}

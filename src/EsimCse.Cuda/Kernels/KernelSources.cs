using System.Reflection;
using EsimCse.Core;

namespace EsimCse.Cuda.Kernels;

/// <summary>The kernels' text, as it is embedded here: files by operation, and the headers that they include.</summary>
static class KernelSources
{
    static readonly Assembly Here = typeof(KernelSources).Assembly;

    /// <summary>Header texts by file name.</summary>
    public static IReadOnlyList<(string Name, string Text)> Headers { get; } = [.. Names(".cuh").Select(name => (name, ReadResource(name)))];

    /// <summary>Names of the operations that have kernels: layernorm for layernorm.cu.</summary>
    public static IReadOnlyList<string> Operations { get; } = [.. Names(".cu").Select(name => name[..^3])];

    /// <summary>The text of an operation's file.</summary>
    public static string Read(string operation) => ReadResource(operation + ".cu");

    static IEnumerable<string> Names(string extension) =>
        Here.GetManifestResourceNames().Where(name => name.EndsWith(extension, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    static string ReadResource(string name)
    {
        using Stream stream = Here.GetManifestResourceStream(name) ?? throw new DeviceException($"kernels/{name}: no such kernel file");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}

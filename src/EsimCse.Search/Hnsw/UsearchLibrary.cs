using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace EsimCse.Search.Hnsw;

/// <summary>
/// The functions of USearch's C interface, usearch.h of version 2.26, that are used. An error is a text of the
/// library's own, which is not freed; null for success.
/// </summary>
static unsafe partial class UsearchLibrary
{
    const string Name = "libusearch_c";

    /// <summary>The metric 1 − x·y.</summary>
    public const int InnerProduct = 2;

    /// <summary>Types of a vector's elements.</summary>
    public const int Float32 = 1, BFloat16 = 6;

    /// <summary>The reason why the library cannot be used on this machine; null where it can.</summary>
    public static string? WhyMissing { get; } = FindWhyMissing();

    [LibraryImport(Name, EntryPoint = "usearch_init")]
    public static partial nint Create(in Options options, out nint error);

    [LibraryImport(Name, EntryPoint = "usearch_free")]
    public static partial void Free(nint index, out nint error);

    [LibraryImport(Name, EntryPoint = "usearch_reserve")]
    public static partial void Reserve(nint index, nuint capacity, out nint error);

    [LibraryImport(Name, EntryPoint = "usearch_change_threads_add")]
    public static partial void SetThreadsOfAdd(nint index, nuint threads, out nint error);

    [LibraryImport(Name, EntryPoint = "usearch_change_threads_search")]
    public static partial void SetThreadsOfSearch(nint index, nuint threads, out nint error);

    [LibraryImport(Name, EntryPoint = "usearch_add")]
    public static partial void Add(nint index, ulong key, float* vector, int type, out nint error);

    [LibraryImport(Name, EntryPoint = "usearch_search")]
    public static partial nuint Search(
        nint index, float* query, int type, nuint count, ulong* keys, float* distances, out nint error);

    [LibraryImport(Name, EntryPoint = "usearch_size")]
    public static partial nuint Count(nint index, out nint error);

    [LibraryImport(Name, EntryPoint = "usearch_dimensions")]
    public static partial nuint Dimension(nint index, out nint error);

    [LibraryImport(Name, EntryPoint = "usearch_serialized_length")]
    public static partial nuint SavedBytes(nint index, out nint error);

    [LibraryImport(Name, EntryPoint = "usearch_save")]
    public static partial void Save(
        nint index, [MarshalUsing(typeof(AnsiStringMarshaller))] string path, out nint error);

    [LibraryImport(Name, EntryPoint = "usearch_view_buffer")]
    public static partial void View(nint index, void* buffer, nuint length, out nint error);

    [LibraryImport(Name, EntryPoint = "usearch_version")]
    private static partial nint Version();

    /// <summary>Requires that the library can be used on this machine.</summary>
    /// <exception cref="PlatformNotSupportedException">It cannot be loaded.</exception>
    public static void Require()
    {
        if (WhyMissing is not null)
            throw new PlatformNotSupportedException($"hnsw: {WhyMissing}; an index of the kind exact needs no library");
    }

    static string? FindWhyMissing()
    {
        try
        {
            Version();
            return null;
        }
        catch (DllNotFoundException error)
        {
            // The message has a line for every path that was tried; that of a library which is needed says more.
            string? needed = error.Message.Split('\n').FirstOrDefault(NamesOther);
            if (needed is not null) return $"{Name}: {needed.Trim()}";
            string platform = RuntimeInformation.RuntimeIdentifier;
            return $"found no {Name} for {platform}; it comes for linux-x64, osx-arm64 and win-x64";
        }

        static bool NamesOther(string line) =>
            line.Contains(".so", StringComparison.Ordinal) && !line.Contains(Name, StringComparison.Ordinal);
    }

    /// <summary>The struct usearch_init_options_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Options
    {
        /// <summary>The metric.</summary>
        public int Metric;

        /// <summary>A metric of the caller's; 0 for none.</summary>
        public nint CustomMetric;

        /// <summary>The type in which vectors are stored.</summary>
        public int Type;

        /// <summary>Elements of a vector.</summary>
        public nuint Dimension;

        /// <summary>Neighbors of a node on the upper levels; twice as many on the lowest.</summary>
        public nuint Connectivity;

        /// <summary>Nodes that are kept as candidates while the neighbors of a new one are searched.</summary>
        public nuint ExpansionOfAdd;

        /// <summary>Nodes that are kept as candidates in a search.</summary>
        public nuint ExpansionOfSearch;

        /// <summary>1 where several vectors may have one key.</summary>
        public byte AllowsEqualKeys;
    }
}

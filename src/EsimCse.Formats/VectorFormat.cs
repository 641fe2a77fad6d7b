namespace EsimCse.Formats;

/// <summary>A format of vectors that the extension of a file selects.</summary>
/// <param name="Extension">The extension, with its point.</param>
/// <param name="Writer">The writer.</param>
sealed record VectorFormat(string Extension, IVectorWriter Writer)
{
    /// <summary>All formats.</summary>
    public static IReadOnlyList<VectorFormat> All { get; } =
    [
        new(".npy", new NpyWriter()),
        new(".jsonl", new JsonLinesWriter()),
        new(".csv", new CsvWriter()),
        new(".safetensors", new SafetensorsVectorWriter()),
    ];

    /// <summary>Returns the format of a file by its name; null for an unknown extension.</summary>
    public static VectorFormat? Find(string path)
    {
        string extension = Path.GetExtension(path);
        return All.FirstOrDefault(format => format.Extension == extension);
    }
}

namespace EsimCse.Formats;

/// <summary>A format of vectors that the extension of a file selects.</summary>
/// <param name="Extension">The extension, with its point.</param>
/// <param name="Writer">The writer.</param>
/// <param name="Types">The types that it can store.</param>
sealed record VectorFormat(string Extension, IVectorWriter Writer, params IReadOnlyList<OutputType> Types)
{
    /// <summary>The name: the extension without its point.</summary>
    public string Name => Extension[1..];

    /// <summary>Whether columns of the input can be carried along.</summary>
    public bool Keeps { get; private init; }

    /// <summary>All formats.</summary>
    public static IReadOnlyList<VectorFormat> All { get; } =
    [
        new(".npy", new NpyWriter(), Enum.GetValues<OutputType>()),
        new(".jsonl", new JsonLinesWriter(), OutputType.Float32) { Keeps = true },
        new(".csv", new CsvWriter(), OutputType.Float32) { Keeps = true },
        new(".parquet", new ParquetVectorWriter(), OutputType.Float32) { Keeps = true },
        new(".arrow", new ArrowVectorWriter(), OutputType.Float32, OutputType.Float16) { Keeps = true },
        new(".safetensors", new SafetensorsVectorWriter(), Enum.GetValues<OutputType>()),
    ];

    /// <summary>Returns a format by its name; null for an unknown one.</summary>
    public static VectorFormat? FromName(string name) => All.FirstOrDefault(format => format.Name == name);

    /// <summary>Returns the format of a file by its name; null for an unknown extension.</summary>
    public static VectorFormat? Find(string path)
    {
        string extension = Path.GetExtension(path);
        return All.FirstOrDefault(format => format.Extension == extension);
    }
}

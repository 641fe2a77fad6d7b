using EsimCse.Core.Text;

namespace EsimCse.Formats;

/// <summary>The formats of tables that are read.</summary>
static class TableFormats
{
    /// <summary>All formats.</summary>
    public static IReadOnlyList<TableFormat> All { get; } =
    [
        new(".parquet", ParquetTableFile.Open),
        new(".arrow", ArrowTableFile.Open),
    ];

    /// <summary>A reader of sentences that reads them, and files of text.</summary>
    public static SentenceReader Reader { get; } = new(All);
}

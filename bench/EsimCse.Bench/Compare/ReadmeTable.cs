using System.Globalization;
using System.Text;
using EsimCse.Bench.Hardware;

namespace EsimCse.Bench.Compare;

/// <summary>The rows of the comparison that the README shows, between two comments.</summary>
static class ReadmeTable
{
    const string Begin = "<!-- comparison: written by EsimCse.Bench compare --readme -->\n";
    const string End = "<!-- end of comparison -->";

    /// <summary>Replaces the rows in the README.</summary>
    public static void Replace(IReadOnlyList<ComparisonTable> tables, string page)
    {
        string path = Path.Combine(Programs.Repository, "README.md");
        string readme = File.ReadAllText(path);
        int begin = readme.IndexOf(Begin, StringComparison.Ordinal);
        int end = readme.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin) throw new InvalidDataException($"{path}: no comments around the comparison");
        File.WriteAllText(path, readme[..(begin + Begin.Length)] + Write(tables, page) + readme[end..]);
    }

    static string Write(IReadOnlyList<ComparisonTable> tables, string page)
    {
        StringBuilder rows = new();
        string date = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        rows.Append(
            CultureInfo.InvariantCulture,
            $"Measured on {Machine.Processor}, {Environment.ProcessorCount} cores, {date}; all of it:\n`{page}`.\n\n");
        rows.Append("| | threads | | sentences/s | times our time |\n| --- | --- | --- | --- | --- |\n");
        foreach (ComparisonTable table in tables)
        {
            int threads = table.Results.Max(row => row.Threads);
            foreach (RaceResult row in table.Results.Where(row => row.Threads == threads && row.Failure is null))
                rows.Append(
                    CultureInfo.InvariantCulture,
                    $"| {table.Title} | {threads} | {row.Start} | {table.Speed(row, row.Median):F0} | " +
                    $"{ComparisonReport.Ratio(table, row)} |\n");
        }
        return rows.ToString();
    }
}

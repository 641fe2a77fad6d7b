using System.Globalization;
using System.Text;
using EsimCse.Bench.Hardware;

namespace EsimCse.Bench.Compare;

/// <summary>The comparison as a page of Markdown.</summary>
sealed class ComparisonReport(string command, IReadOnlyCollection<MachinePeak> peaks)
{
    /// <summary>The share of its threads that a participant keeps busy on a quiet machine, at the least.</summary>
    const double BusyShare = 0.75;

    /// <summary>Returns the page.</summary>
    public string Write(IReadOnlyList<ComparisonTable> tables)
    {
        StringBuilder page = new();
        string date = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        page.Append(CultureInfo.InvariantCulture, $"""
            # Comparison with peers

            {Machine.Describe()}. {date} UTC, commit {Commit()}. Written by

                {command}

            Participants are processes of their own and take turns, round by round; every participant is warmed up
            before, and checked before that. {Versions()}. MKL is told to take its fast kernels on processors of AMD
            too, and malloc keeps its pages. A ratio is the participant's time over ours in the same precision (fp32
            where we have no other), the median over the rounds. Products are counted without padding and without
            attention's own, as a share of the peak below; cores are processor time over time; memory is the most that
            the process used.


            """);
        WritePeaks(page);
        if (tables.SelectMany(table => table.Results).Any(WasDisturbed))
            page.Append("**Other programs took a part of the processor: repeat this on a quiet machine.**\n\n");
        foreach (ComparisonTable table in tables) WriteTable(page, table);
        return page.ToString().ReplaceLineEndings("\n");
    }

    /// <summary>Whether a participant got less of the processor than any of them uses alone.</summary>
    static bool WasDisturbed(RaceResult row) => row.Failure is null && row.Cores < BusyShare * row.Threads;

    void WritePeaks(StringBuilder page)
    {
        page.Append("| threads | fused multiply-adds, GFLOP/s | copy, GB/s read and written |\n| --- | --- | --- |\n");
        foreach (MachinePeak peak in peaks)
            page.Append(
                CultureInfo.InvariantCulture,
                $"| {peak.Threads} | {peak.GigaFlops:F0} | {peak.CopyGigabytes:F1} |\n");
        page.Append('\n');
    }

    void WriteTable(StringBuilder page, ComparisonTable table)
    {
        page.Append(CultureInfo.InvariantCulture, $"## {table.Title}\n\n{table.Description}\n\n");
        foreach (string check in table.Checks) page.Append(CultureInfo.InvariantCulture, $"- {check}\n");
        if (table.Checks.Count > 0) page.Append('\n');
        bool hasProducts = table.FloatingPointOperations > 0;
        string products = hasProducts ? " products, GFLOP/s | of peak |" : "";
        page.Append(
            CultureInfo.InvariantCulture,
            $"| threads | | precision | {table.Unit} (least - most) | ratio |{products} cores | memory, MiB |");
        page.Append(" agreement with ours in fp32 | settings |\n");
        page.Append("| --- | --- | --- | --- | --- |").Append(hasProducts ? " --- | --- |" : "");
        page.Append(" --- | --- | --- | --- |\n");
        foreach (RaceResult row in table.Results.OrderBy(row => row.Threads)) WriteRow(page, table, row);
        page.Append('\n');
    }

    void WriteRow(StringBuilder page, ComparisonTable table, RaceResult row)
    {
        page.Append(CultureInfo.InvariantCulture, $"| {row.Threads} | {row.Start.Name} | {row.Start.Precision} | ");
        if (row.Failure is not null)
        {
            string columns = table.FloatingPointOperations > 0 ? " | | | | | | |" : " | | | | |";
            page.Append(CultureInfo.InvariantCulture, $"{row.Failure.Replace('|', '/')} |{columns}\n");
            return;
        }
        double least = table.Speed(row, row.Milliseconds.Max());
        double most = table.Speed(row, row.Milliseconds.Min());
        double speed = table.Speed(row, row.Median);
        page.Append(CultureInfo.InvariantCulture, $"{speed:F0} ({least:F0} - {most:F0}) | {Ratio(table, row)} | ");
        if (table.FloatingPointOperations > 0)
        {
            double rate = table.FloatingPointOperations / row.Median / 1e6;
            double share = rate / peaks.First(peak => peak.Threads == row.Threads).GigaFlops;
            page.Append(CultureInfo.InvariantCulture, $"{rate:F0} | {share:P0} | ");
        }
        page.Append(
            CultureInfo.InvariantCulture,
            $"{row.Cores:F2} | {row.PeakBytes >> 20} | {row.Agreement} | {row.Settings} |\n");
    }

    /// <summary>Returns the ratio to our row of the same precision.</summary>
    public static string Ratio(ComparisonTable table, RaceResult row)
    {
        if (table.OursFor(row) is not { } ours || row.Failure is not null) return "";
        return ours.RatioOf(row).ToString("F2", CultureInfo.InvariantCulture);
    }

    static string Commit() => Programs.Execute("git", "describe", "--always", "--dirty", "--exclude=*").Trim();

    /// <summary>Returns the versions of the peers, as the central list has them.</summary>
    static string Versions()
    {
        string[] packages =
            ["TorchSharp-cpu", "Microsoft.ML.OnnxRuntime", "FastBertTokenizer", "Microsoft.ML.Tokenizers"];
        string[] lines = File.ReadAllLines(Path.Combine(Programs.Repository, "Directory.Packages.props"));
        return string.Join(", ", packages.Select(package => $"{package} {Version(package)}"));

        string Version(string package) =>
            lines.First(line => line.Contains($"\"{package}\"", StringComparison.Ordinal)).Split('"')[3];
    }
}

using System.Globalization;
using System.Text;
using EsimCse.Bench.Compare;
using EsimCse.Bench.Hardware;

namespace EsimCse.Bench.Growth;

/// <summary>Measures how time grows with sizes, and draws the curves.</summary>
static class GrowthCommand
{
    /// <summary>Runs the command: --quick, and the folder to write if it is not that of this machine.</summary>
    /// <returns>The exit status.</returns>
    public static int Run(string[] arguments)
    {
        bool quick = arguments.Contains("--quick");
        string name = Machine.FileName + "-growth";
        string results = arguments.FirstOrDefault(argument => argument != "--quick")
            ?? Path.Combine(Programs.Repository, "bench", "results");
        string folder = Path.Combine(results, name);
        Directory.CreateDirectory(folder);
        StringBuilder page = new();
        string date = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        page.Append(CultureInfo.InvariantCulture, $"""
            # Growth

            {Machine.Describe()}. {date}. Written by

                dotnet run -c Release --project bench/EsimCse.Bench -- growth

            Two layers of 384 with random weights where the picture does not say otherwise, sentences of 26 tokens. The
            work counts the floating-point operations of products, attention and logits; over threads it is the work
            of one. Both axes are logarithmic, so that equal growth is a parallel line.


            """);
        foreach (GrowthCurve curve in new GrowthMeasurements(quick).Measure())
        {
            GrowthPicture.Write(curve, Path.Combine(folder, curve.Name + ".svg"));
            Write(page, curve, name);
        }
        File.WriteAllText(Path.Combine(results, name + ".md"), page.ToString().ReplaceLineEndings("\n"));
        return 0;
    }

    static void Write(StringBuilder page, GrowthCurve curve, string folder)
    {
        page.Append(CultureInfo.InvariantCulture, $"## {curve.Title}\n\n");
        page.Append(CultureInfo.InvariantCulture, $"![{curve.Title}]({folder}/{curve.Name}.svg)\n\n");
        page.Append(CultureInfo.InvariantCulture, $"{curve.Describe()}\n\n| {curve.Axis} |");
        foreach (GrowthPoint point in curve.Points) page.Append(CultureInfo.InvariantCulture, $" {point.Size} |");
        page.Append("\n| --- |");
        foreach (GrowthPoint _ in curve.Points) page.Append(" --- |");
        page.Append("\n| ms |");
        foreach (GrowthPoint point in curve.Points)
            page.Append(CultureInfo.InvariantCulture, $" {point.Milliseconds:G4} |");
        page.Append("\n| GFLOP/s |");
        foreach (GrowthPoint point in curve.Points)
            page.Append(CultureInfo.InvariantCulture, $" {1e-6 / point.CostPerWork:F1} |");
        page.Append("\n\n");
    }
}

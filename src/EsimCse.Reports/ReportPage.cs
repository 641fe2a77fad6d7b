using System.Text;
using System.Xml;
using System.Xml.Linq;
using EsimCse.Core;
using EsimCse.Core.Files;

namespace EsimCse.Reports;

/// <summary>
/// A report on training runs: one HTML page that needs no other file, no network and no script. It holds no time of its
/// own, so that the same metrics give the same bytes.
/// </summary>
public static class ReportPage
{
    /// <summary>Writes the report on runs to a file.</summary>
    /// <param name="folders">Folders of runs, or folders of such folders.</param>
    /// <param name="path">The file to write.</param>
    /// <exception cref="InvalidInputException">A folder holds no run, or a file of a run is not valid.</exception>
    /// <exception cref="IOException">The report cannot be written.</exception>
    public static void Write(IEnumerable<string> folders, string path)
    {
        byte[] page = Create(folders);
        AtomicFile.Write(path, stream => stream.Write(page));
    }

    /// <summary>Writes the report on runs to a stream.</summary>
    /// <inheritdoc cref="Write(IEnumerable{string}, string)"/>
    public static void Write(IEnumerable<string> folders, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        stream.Write(Create(folders));
    }

    static byte[] Create(IEnumerable<string> folders)
    {
        ArgumentNullException.ThrowIfNull(folders);
        return Encoding.UTF8.GetBytes(Create(TrainingRun.ReadAll(folders)));
    }

    /// <summary>Returns the page.</summary>
    internal static string Create(IReadOnlyList<TrainingRun> runs)
    {
        IReadOnlyList<RunGroup> groups = RunGroup.From(runs);
        string count = $"{Count(runs.Count, "run")} in {Count(groups.Count, "group")}";
        XElement body = new(
            "body",
            new XElement("h1", "ESimCSE training report"),
            new XElement(
                "p",
                $"{count}. Runs that differ only in their seed are one group. Scores are those of the model that a " +
                "run keeps: of its evaluations on the dev set of the STS benchmark the first with the best Spearman."),
            ScoreTables.Groups(groups),
            new XElement("h2", "Pictures"),
            ReportPictures.Legend(groups),
            ReportPictures.Create(groups),
            ReportPictures.Speed(groups),
            ScoreTables.Runs(groups),
            ScoreTables.Settings(groups));
        return "<!DOCTYPE html>\n" + Serialize(new XElement("html", new XAttribute("lang", "en"), Head(), body));
    }

    static XElement Head() => new(
        "head",
        new XElement("meta", new XAttribute("charset", "utf-8")),
        // A browser that knows this loads nothing and runs nothing.
        new XElement(
            "meta",
            new XAttribute("http-equiv", "Content-Security-Policy"),
            new XAttribute("content", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")),
        new XElement(
            "meta",
            new XAttribute("name", "viewport"),
            new XAttribute("content", "width=device-width, initial-scale=1")),
        new XElement("title", "ESimCSE training report"),
        // An empty icon of its own: without one a browser asks the server for favicon.ico.
        new XElement("link", new XAttribute("rel", "icon"), new XAttribute("href", "data:,")),
        new XElement("style", ReadStyle()));

    static string ReadStyle()
    {
        using Stream stream = typeof(ReportPage).Assembly.GetManifestResourceStream("report.css")!;
        using StreamReader reader = new(stream);
        return "\n" + reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    static string Serialize(XElement html)
    {
        XmlWriterSettings settings = new()
        {
            OmitXmlDeclaration = true,
            Indent = true,
            IndentChars = " ",
            NewLineChars = "\n",
        };
        StringBuilder text = new();
        using (XmlWriter writer = XmlWriter.Create(text, settings)) html.Save(writer);
        return text.Append('\n').ToString();
    }

    static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}

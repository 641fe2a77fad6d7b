using System.Xml.Linq;

namespace EsimCse.Tests.Support;

/// <summary>Reads tables and pictures back from a report.</summary>
sealed class PageReader(string html)
{
    readonly XElement _root = XElement.Parse(html[html.IndexOf("<html", StringComparison.Ordinal)..]);

    /// <summary>Returns the texts of a table's cells, names of rows included, the table found by its caption.</summary>
    public string[][] Table(string caption) =>
    [
        .. from row in TableOf(caption).Descendants("tbody").Single().Elements("tr")
           select row.Elements().Select(cell => cell.Value).ToArray(),
    ];

    /// <summary>Returns the names of a table's columns.</summary>
    public string[] Columns(string caption) =>
        [.. TableOf(caption).Descendants("thead").Single().Descendants("th").Select(cell => cell.Value)];

    /// <summary>Returns the exact values of the rounded numbers in a row of a table, in order.</summary>
    public double[] Values(string caption, string row)
    {
        XElement found = TableOf(caption).Descendants("tr").Single(tr => tr.Elements().First().Value == row);
        return [.. found.Descendants("data").Select(data => Numbers.Parse(data.Attribute("value")!.Value))];
    }

    /// <summary>Returns the points of each line of a picture, in the units of its axes.</summary>
    public (double X, double Y)[][] Lines(string picture)
    {
        XElement svg = Svg(picture);
        return
        [
            .. from path in svg.Element("g")!.Elements("path")
               where HasClass(path, "line")
               select path.Attribute("d")!.Value.Split('M', 'L').Skip(1).Select(point => ToUnits(svg, point)).ToArray(),
        ];
    }

    /// <summary>Returns the marked points of a picture, in the units of its axes.</summary>
    public (double X, double Y)[] Points(string picture)
    {
        XElement svg = Svg(picture);
        return
        [
            .. from circle in svg.Descendants("circle")
               select ToUnits(svg, $"{circle.Attribute("cx")!.Value} {circle.Attribute("cy")!.Value}"),
        ];
    }

    /// <summary>Returns the heights of a picture's bars, in the unit of the vertical axis.</summary>
    public double[] Bars(string picture)
    {
        XElement svg = Svg(picture);
        return
        [
            .. from bar in svg.Descendants("rect")
               select ToUnits(svg, "0 " + bar.Attribute("y")!.Value).Y,
        ];
    }

    /// <summary>Returns the value of a tenth of a pixel, to which pictures are drawn.</summary>
    public (double X, double Y) Resolution(string picture)
    {
        XElement svg = Svg(picture);
        (double X, double Y) one = ToUnits(svg, "0 0"), other = ToUnits(svg, "0.1 0.1");
        return (Math.Abs(one.X - other.X), Math.Abs(one.Y - other.Y));
    }

    XElement TableOf(string caption) => _root.Descendants("table").Single(
        table => table.Element("caption")!.Value.StartsWith(caption, StringComparison.Ordinal));

    XElement Svg(string picture) =>
        _root.Descendants("svg").Single(svg => svg.Element("title")?.Attribute("id")?.Value == picture + "-title");

    static (double X, double Y) ToUnits(XElement svg, string point)
    {
        double[] parts = [.. point.Split(' ').Select(Numbers.Parse)];
        return (ToUnit(svg, "x tick", "x", parts[0]), ToUnit(svg, "y tick", "y", parts[1]));
    }

    /// <summary>Converts a coordinate by the first and the last tick of an axis.</summary>
    static double ToUnit(XElement svg, string style, string coordinate, double value)
    {
        XElement[] ticks = [.. svg.Elements("text").Where(text => HasClass(text, style))];
        (double from, double to) = (At(ticks[0]), At(ticks[^1]));
        (double first, double last) = (Numbers.Parse(ticks[0].Value), Numbers.Parse(ticks[^1].Value));
        return first + (value - from) / (to - from) * (last - first);

        // The text of a row stands 4 pixels below its line.
        double At(XElement tick) => Numbers.Parse(tick.Attribute(coordinate)!.Value) - (coordinate == "y" ? 4 : 0);
    }

    static bool HasClass(XElement element, string style) =>
        style.Split(' ').All(element.Attribute("class")!.Value.Split(' ').Contains);
}

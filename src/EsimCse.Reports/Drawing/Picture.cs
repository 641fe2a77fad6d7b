using System.Globalization;
using System.Xml.Linq;

namespace EsimCse.Reports.Drawing;

/// <summary>
/// An SVG picture with two axes. Text is text, colours are classes of the page's style sheet, and a title and a
/// description serve those who do not see it.
/// </summary>
sealed class Picture
{
    public const double Left = 68, Right = 456, Top = 12, Bottom = 246;

    const int Width = 480, Height = 294;

    readonly XElement _marks = new("g");
    readonly XElement _svg;

    /// <param name="id">An id that no other picture of the page has.</param>
    /// <param name="title">The title.</param>
    /// <param name="description">One sentence on how to read it.</param>
    public Picture(string id, string title, string description)
    {
        _svg = new XElement(
            "svg",
            new XAttribute("viewBox", $"0 0 {Width} {Height}"),
            new XAttribute("role", "img"),
            new XAttribute("aria-labelledby", $"{id}-title {id}-description"),
            new XElement("title", new XAttribute("id", $"{id}-title"), title),
            new XElement("desc", new XAttribute("id", $"{id}-description"), description));
    }

    /// <summary>Draws grid, ticks and names of the axes.</summary>
    public void DrawAxes(Axis x, string xName, Axis y, string yName)
    {
        foreach (double tick in x.Ticks)
            _svg.Add(Text(x.Map(tick), Bottom + 18, "x tick", x.Format(tick)));
        DrawRows(y, yName);
        _svg.Add(Text((Left + Right) / 2, Height - 8, "x name", xName));
    }

    /// <summary>Draws the vertical axis, and categories below the picture.</summary>
    public void DrawAxes(IReadOnlyList<(double Centre, string Name)> categories, string xName, Axis y, string yName)
    {
        foreach ((double centre, string name) in categories) _svg.Add(Text(centre, Bottom + 18, "x tick", name));
        DrawRows(y, yName);
        _svg.Add(Text((Left + Right) / 2, Height - 8, "x name", xName));
    }

    /// <summary>Adds a shape; a tip is shown while the pointer rests on it.</summary>
    public void Add(XElement shape, string? tip = null)
    {
        if (tip is not null) shape.Add(new XElement("title", tip));
        _marks.Add(shape);
    }

    /// <summary>Returns the finished picture.</summary>
    public XElement ToElement() => new(_svg.Name, _svg.Attributes(), _svg.Nodes(), _marks);

    /// <summary>Returns a coordinate to a tenth of a pixel.</summary>
    public static string Format(double coordinate) => coordinate.ToString("F1", CultureInfo.InvariantCulture);

    void DrawRows(Axis y, string name)
    {
        foreach (double tick in y.Ticks)
        {
            double row = y.Map(tick);
            XAttribute line = new("d", $"M{Format(Left)} {Format(row)}H{Format(Right)}");
            _svg.Add(new XElement("path", new XAttribute("class", "grid"), line));
            _svg.Add(Text(Left - 6, row + 4, "y tick", y.Format(tick)));
        }
        XElement text = Text(0, 0, "y name", name);
        text.SetAttributeValue("transform", $"translate(14 {Format((Top + Bottom) / 2)}) rotate(-90)");
        _svg.Add(text);
    }

    static XElement Text(double x, double y, string style, string text) => new(
        "text",
        new XAttribute("x", Format(x)),
        new XAttribute("y", Format(y)),
        new XAttribute("class", style),
        text);
}

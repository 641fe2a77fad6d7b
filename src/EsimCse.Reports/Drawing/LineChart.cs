using System.Globalization;
using System.Text;
using System.Xml.Linq;

namespace EsimCse.Reports.Drawing;

/// <summary>Draws series as lines, as lines with points, or as points.</summary>
static class LineChart
{
    /// <summary>Draws a picture.</summary>
    /// <param name="id">An id that no other picture of the page has.</param>
    /// <param name="names">The names of picture, horizontal and vertical axis.</param>
    /// <param name="series">The series.</param>
    /// <param name="line">Whether points are joined.</param>
    /// <param name="mark">Whether points are marked.</param>
    public static XElement Draw(
        string id, ChartNames names, IReadOnlyList<Series> series, bool line = true, bool mark = false)
    {
        Axis x = new(series.SelectMany(one => one.Points).Select(point => point.X), Picture.Left, Picture.Right);
        Axis y = new(series.SelectMany(one => one.Points).Select(point => point.Y), Picture.Bottom, Picture.Top);
        Picture picture = new(id, names.Title, names.Description);
        picture.DrawAxes(x, names.X, y, names.Y);
        foreach (Series one in series)
        {
            if (line) picture.Add(Line(one, x, y), one.Name);
            if (!mark) continue;
            foreach ((double px, double py) in one.Points.Where(IsFinite))
                picture.Add(Point(one.Style, x.Map(px), y.Map(py)), Tip(one.Name, px, py));
        }
        return picture.ToElement();
    }

    static XElement Line(Series series, Axis x, Axis y)
    {
        StringBuilder path = new();
        bool isOpen = false;
        foreach ((double X, double Y) point in series.Points)
        {
            if (IsFinite(point))
                path.Append(isOpen ? 'L' : 'M')
                    .Append(Picture.Format(x.Map(point.X))).Append(' ').Append(Picture.Format(y.Map(point.Y)));
            isOpen = IsFinite(point);
        }
        string style = $"line {Series.ClassOf(series.Style)}";
        return new XElement("path", new XAttribute("class", style), new XAttribute("d", path));
    }

    static XElement Point(int style, double x, double y) => new(
        "circle",
        new XAttribute("class", $"point {Series.ClassOf(style)}"),
        new XAttribute("cx", Picture.Format(x)),
        new XAttribute("cy", Picture.Format(y)),
        new XAttribute("r", "3.5"));

    static bool IsFinite((double X, double Y) point) => double.IsFinite(point.X) && double.IsFinite(point.Y);

    static string Tip(string name, double x, double y) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}: {x:G5}, {y:G5}");
}

using System.Globalization;
using System.Xml.Linq;

namespace EsimCse.Reports.Drawing;

/// <summary>Draws bars in categories, each with its deviation.</summary>
static class BarChart
{
    /// <summary>The share of a category's width that its bars take.</summary>
    const double BarShare = 0.7;

    /// <summary>Draws a picture whose vertical axis begins at 0.</summary>
    /// <param name="id">An id that no other picture of the page has.</param>
    /// <param name="names">The names of picture, horizontal and vertical axis.</param>
    /// <param name="categories">The names of the categories.</param>
    /// <param name="bars">For each kind of bar its name, and mean and deviation in each category.</param>
    public static XElement Draw(
        string id,
        ChartNames names,
        IReadOnlyList<string> categories,
        IReadOnlyList<(string Name, IReadOnlyList<Statistic> Values)> bars)
    {
        Axis y = new(bars.SelectMany(bar => bar.Values).SelectMany(Ends).Append(0), Picture.Bottom, Picture.Top);
        Picture picture = new(id, names.Title, names.Description);
        double width = (Picture.Right - Picture.Left) / categories.Count;
        (double, string)[] ticks = [.. categories.Select((name, i) => (Picture.Left + (i + 0.5) * width, name))];
        picture.DrawAxes(ticks, names.X, y, names.Y);
        double barWidth = BarShare * width / bars.Count;
        for (int category = 0; category < categories.Count; category++)
            for (int bar = 0; bar < bars.Count; bar++)
            {
                Statistic value = bars[bar].Values[category];
                if (!double.IsFinite(value.Mean)) continue;
                double left = Picture.Left + (category + (1 - BarShare) / 2) * width + bar * barWidth;
                string tip = string.Create(
                    CultureInfo.InvariantCulture, $"{categories[category]}, {bars[bar].Name}: {value.Mean:G5}");
                picture.Add(Bar(bar, left, barWidth, y, value.Mean), tip);
                if (double.IsFinite(value.Deviation)) picture.Add(Deviation(left + barWidth / 2, y, value));
            }
        return picture.ToElement();
    }

    static IEnumerable<double> Ends(Statistic value) =>
        [value.Mean, value.Mean - value.Deviation, value.Mean + value.Deviation];

    static XElement Bar(int style, double left, double width, Axis y, double value)
    {
        double zero = y.Map(0), end = y.Map(value);
        return new XElement(
            "rect",
            new XAttribute("class", $"bar {Series.ClassOf(style)}"),
            new XAttribute("x", Picture.Format(left)),
            new XAttribute("y", Picture.Format(Math.Min(zero, end))),
            new XAttribute("width", Picture.Format(width)),
            new XAttribute("height", Picture.Format(Math.Abs(zero - end))));
    }

    static XElement Deviation(double x, Axis y, Statistic value)
    {
        string from = Picture.Format(y.Map(value.Mean - value.Deviation));
        string to = Picture.Format(y.Map(value.Mean + value.Deviation));
        return new XElement(
            "path", new XAttribute("class", "deviation"), new XAttribute("d", $"M{Picture.Format(x)} {from}V{to}"));
    }
}

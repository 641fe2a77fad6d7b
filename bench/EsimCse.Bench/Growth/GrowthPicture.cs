using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace EsimCse.Bench.Growth;

/// <summary>Draws a curve: time and work on logarithmic axes, the work scaled to the first time.</summary>
static class GrowthPicture
{
    const int Width = 480;
    const int Height = 320;

    /// <summary>Writes an SVG file.</summary>
    public static void Write(GrowthCurve curve, string path)
    {
        using Plot plot = new();
        double[] sizes = [.. curve.Points.Select(point => Math.Log2(point.Size))];
        GrowthPoint first = curve.Points[0];
        double scale = first.Milliseconds / first.Work;
        Add(plot, sizes, curve.Points.Select(point => point.Milliseconds), "time", MarkerShape.FilledCircle);
        Add(plot, sizes, curve.Points.Select(point => point.Work * scale), "work, scaled", MarkerShape.None);
        plot.Title(curve.Title);
        plot.XLabel(curve.Axis);
        plot.YLabel("ms");
        plot.Axes.Bottom.TickGenerator = new NumericManual(
            sizes, [.. curve.Points.Select(point => point.Size.ToString(CultureInfo.InvariantCulture))]);
        plot.Axes.Left.TickGenerator = new NumericAutomatic { LabelFormatter = Power };
        plot.ShowLegend(Edge.Bottom);
        plot.SaveSvg(path, Width, Height);
    }

    static void Add(Plot plot, double[] sizes, IEnumerable<double> values, string name, MarkerShape marker)
    {
        var line = plot.Add.Scatter(sizes, values.Select(Math.Log2).ToArray());
        line.LegendText = name;
        line.MarkerShape = marker;
        if (marker == MarkerShape.None) line.LinePattern = LinePattern.Dashed;
    }

    static string Power(double exponent)
    {
        double value = Math.Pow(2, exponent);
        return value.ToString(value < 10 ? "0.##" : "F0", CultureInfo.InvariantCulture);
    }
}

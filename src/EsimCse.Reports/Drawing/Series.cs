namespace EsimCse.Reports.Drawing;

/// <summary>The points of a line, or a set of points.</summary>
/// <param name="Name">The name of the line, for its tip and for the table of numbers.</param>
/// <param name="Style">Colour and dashes: lines of one group share them. From 0.</param>
/// <param name="Points">The points; one that is not finite is a gap.</param>
sealed record Series(string Name, int Style, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>Colours of the style sheet.</summary>
    const int Colours = 8;

    /// <summary>Dash patterns of the style sheet.</summary>
    const int Dashes = 3;

    /// <summary>Returns the classes of a style.</summary>
    public static string ClassOf(int style) => $"c{style % Colours} d{style / Colours % Dashes}";

    /// <summary>
    /// Returns the series with each run of <paramref name="pointsPerMean"/> points replaced by their mean, at the last
    /// x among them.
    /// </summary>
    public Series Thin(int pointsPerMean) => this with
    {
        Points = [.. Points.Chunk(pointsPerMean).Select(part => (part[^1].X, part.Average(point => point.Y)))],
    };
}

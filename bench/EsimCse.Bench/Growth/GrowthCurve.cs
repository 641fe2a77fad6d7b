using System.Globalization;

namespace EsimCse.Bench.Growth;

/// <summary>A size, the work at that size in any unit, and the time that it takes.</summary>
readonly record struct GrowthPoint(double Size, double Work, double Milliseconds)
{
    public double CostPerWork => Milliseconds / Work;
}

/// <summary>The time over a size that grows, next to the work.</summary>
/// <param name="Name">A name for the file.</param>
/// <param name="Title">The title.</param>
/// <param name="Axis">The size that grows.</param>
/// <param name="Points">The measurements.</param>
sealed record GrowthCurve(string Name, string Title, string Axis, GrowthPoint[] Points)
{
    /// <summary>A rise of the cost per work that is more than noise.</summary>
    const double Tolerance = 1.15;

    /// <summary>Returns a sentence that says whether the cost grows faster than the work.</summary>
    public string Describe()
    {
        GrowthPoint first = Points[0];
        GrowthPoint last = Points[^1];
        GrowthPoint cheapest = Points.MinBy(point => point.CostPerWork);
        string growth = string.Create(
            CultureInfo.InvariantCulture,
            $"From {first.Size} to {last.Size} the work grows {last.Work / first.Work:F1}-fold and the time " +
            $"{last.Milliseconds / first.Milliseconds:F1}-fold");
        double rise = last.CostPerWork / cheapest.CostPerWork;
        if (rise <= Tolerance) return $"{growth}: the cost does not grow faster than the work.";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{growth}: from {cheapest.Size} on the cost grows faster than the work, by {rise - 1:P0} at {last.Size}.");
    }
}

namespace EsimCse.Reports;

/// <summary>Mean and sample standard deviation of numbers; NaN for too few.</summary>
readonly record struct Statistic(double Mean, double Deviation)
{
    /// <summary>Computes them over the numbers that are finite.</summary>
    public static Statistic From(IEnumerable<double> numbers)
    {
        double[] finite = [.. numbers.Where(double.IsFinite)];
        if (finite.Length == 0) return new(double.NaN, double.NaN);
        double mean = finite.Sum() / finite.Length;
        if (finite.Length == 1) return new(mean, double.NaN);
        double squares = finite.Sum(number => (number - mean) * (number - mean));
        return new(mean, Math.Sqrt(squares / (finite.Length - 1)));
    }
}

namespace EsimCse.Core.Evaluation;

/// <summary>
/// Correlation coefficients of two lists of numbers, NaN where a list is constant or has fewer than two numbers.
/// </summary>
static class Correlation
{
    /// <summary>Computes Spearman's ρ: Pearson's r of the ranks, where ties share the mean of their ranks.</summary>
    public static double Spearman(ReadOnlySpan<double> x, ReadOnlySpan<double> y) => Pearson(Ranks(x), Ranks(y));

    /// <summary>Computes Pearson's r: the covariance over the product of the standard deviations.</summary>
    public static double Pearson(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (x.Length != y.Length) throw new ArgumentException($"{x.Length} and {y.Length} numbers");
        double meanX = Mean(x);
        double meanY = Mean(y);
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double dx = x[i] - meanX;
            double dy = y[i] - meanY;
            xx += dx * dx;
            yy += dy * dy;
            xy += dx * dy;
        }
        return xx == 0 || yy == 0 ? double.NaN : xy / Math.Sqrt(xx * yy);
    }

    public static double Mean(ReadOnlySpan<double> x)
    {
        double sum = 0;
        foreach (double value in x) sum += value;
        return sum / x.Length;
    }

    static double[] Ranks(ReadOnlySpan<double> values)
    {
        double[] sorted = values.ToArray();
        int[] order = [.. Enumerable.Range(0, sorted.Length)];
        Array.Sort(sorted, order);
        double[] ranks = new double[sorted.Length];
        int first = 0;
        while (first < sorted.Length)
        {
            int end = first + 1;
            while (end < sorted.Length && sorted[end] == sorted[first]) end++;
            for (int i = first; i < end; i++) ranks[order[i]] = (first + end + 1) / 2.0;
            first = end;
        }
        return ranks;
    }
}

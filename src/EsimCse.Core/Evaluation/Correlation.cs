namespace EsimCse.Core.Evaluation;

/// <summary>Correlations of two lists of numbers. NaN where one of them is constant or has fewer than two.</summary>
public static class Correlation
{
    /// <summary>Pearson's of the ranks; ties share the average of their ranks.</summary>
    public static double Spearman(ReadOnlySpan<double> x, ReadOnlySpan<double> y) => Pearson(Ranks(x), Ranks(y));

    /// <summary>Covariance over the product of the standard deviations.</summary>
    public static double Pearson(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (x.Length != y.Length) throw new ArgumentException($"{x.Length} and {y.Length} numbers");
        (double meanX, double meanY) = (Mean(x), Mean(y));
        (double xx, double yy, double xy) = (0, 0, 0);
        for (int i = 0; i < x.Length; i++)
        {
            (double dx, double dy) = (x[i] - meanX, y[i] - meanY);
            (xx, yy, xy) = (xx + dx * dx, yy + dy * dy, xy + dx * dy);
        }
        return xx == 0 || yy == 0 ? double.NaN : xy / Math.Sqrt(xx * yy);
    }

    /// <summary>Σ x over their number.</summary>
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
        for (int first = 0; first < sorted.Length;)
        {
            int end = first;
            while (end < sorted.Length && sorted[end] == sorted[first]) end++;
            for (int i = first; i < end; i++) ranks[order[i]] = (first + end + 1) / 2.0;
            first = end;
        }
        return ranks;
    }
}

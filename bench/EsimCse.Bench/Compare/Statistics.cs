namespace EsimCse.Bench.Compare;

/// <summary>Numbers about few measurements.</summary>
static class Statistics
{
    /// <summary>Returns the median, the mean of the two in the middle where their number is even.</summary>
    public static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

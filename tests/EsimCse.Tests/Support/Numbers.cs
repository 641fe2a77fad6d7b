namespace EsimCse.Tests.Support;

static class Numbers
{
    /// <summary>Standard normal numbers that fp32 holds exactly, so that both sides start from the same values.</summary>
    public static double[] Normal(int count, int seed, double scale = 1)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
            (double)(float)(scale * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}

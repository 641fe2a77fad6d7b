using System.Globalization;

namespace EsimCse.Tests.Support;

static class Numbers
{
    /// <summary>
    /// Draws normal values that fp32 represents exactly, so that reference and device start from the same values.
    /// </summary>
    public static double[] Normal(int count, int seed, double scale = 1)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (double)(float)Next(random, scale))];
    }

    /// <summary>Parses a number as files have it.</summary>
    public static double Parse(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    // Box and Muller.
    static double Next(Random random, double scale) =>
        scale * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

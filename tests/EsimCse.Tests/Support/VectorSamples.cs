using EsimCse.Formats;

namespace EsimCse.Tests.Support;

/// <summary>Drawn vectors for writers.</summary>
static class VectorSamples
{
    /// <summary>Returns vectors of numbers of all magnitudes of fp32, both zeros included.</summary>
    public static float[][] AllMagnitudes(int rows, int dimension)
    {
        float[] extremes = [0, -0f, float.Epsilon, float.MaxValue, float.MinValue, 1e-5f, 1f / 3];
        Random random = new(rows * 1000 + dimension);
        return Create(rows, dimension, _ => random.Next(4) == 0
            ? extremes[random.Next(extremes.Length)]
            : (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-30, 30))));
    }

    /// <summary>Returns vectors of normally distributed elements.</summary>
    public static float[][] Normal(int rows, int dimension)
    {
        double[] values = Numbers.Normal(rows * dimension, seed: rows + dimension);
        int next = 0;
        return Create(rows, dimension, _ => (float)values[next++]);
    }

    /// <summary>
    /// Returns vectors in chunks of unequal numbers of rows. The chunks of one size are one array, so that a writer
    /// that keeps a chunk writes wrong elements.
    /// </summary>
    public static VectorRows InChunks(
        float[][] vectors, int dimension, bool reusesArrays = true, OutputType type = OutputType.Float32)
    {
        return new VectorRows(dimension, Chunks(), type);

        IEnumerable<float[]> Chunks()
        {
            Dictionary<int, float[]> arrays = [];
            for (int row = 0, size = 1; row < vectors.Length; row += size, size = size % 3 + 1)
            {
                float[] values = [.. vectors.Skip(row).Take(size).SelectMany(vector => vector)];
                float[] chunk = arrays.GetValueOrDefault(values.Length) ?? values;
                if (reusesArrays) arrays[values.Length] = chunk;
                values.CopyTo(chunk, 0);
                yield return chunk;
            }
        }
    }

    static float[][] Create(int rows, int dimension, Func<int, float> draw) =>
        [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, dimension).Select(draw).ToArray())];
}

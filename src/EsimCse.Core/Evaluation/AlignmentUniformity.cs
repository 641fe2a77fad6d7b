using System.Numerics.Tensors;

namespace EsimCse.Core.Evaluation;

/// <summary>Two measures of vectors on the unit sphere: Wang and Isola, arXiv 2005.10242.</summary>
static class AlignmentUniformity
{
    const double AlignmentMinGold = 4;

    /// <summary>
    /// Computes the mean of ‖x − y‖² over the pairs with a gold score of at least 4, for unit vectors; NaN without one.
    /// </summary>
    /// <param name="vectors">[2 × pairs, dimension], as in <see cref="SetScore.Compute"/>.</param>
    /// <param name="dimension">Elements of a vector.</param>
    /// <param name="pairs">The pairs with their gold scores.</param>
    public static double Alignment(float[] vectors, int dimension, IReadOnlyList<ScoredPair> pairs)
    {
        List<double> squaredDistances = [];
        for (int i = 0; i < pairs.Count; i++)
        {
            if (pairs[i].Gold < AlignmentMinGold) continue;
            ReadOnlySpan<float> first = vectors.AsSpan(2 * i * dimension, dimension);
            ReadOnlySpan<float> second = vectors.AsSpan((2 * i + 1) * dimension, dimension);
            squaredDistances.Add(2 - 2 * Similarity.Cosine(first, second));
        }
        return Correlation.Mean([.. squaredDistances]);
    }

    /// <summary>
    /// Computes the log of the mean of e^(−2‖x − y‖²) over all pairs of distinct sentences, for unit vectors; NaN for
    /// fewer than two.
    /// </summary>
    public static double Uniformity(float[] vectors, int dimension, IReadOnlyList<string> sentences)
    {
        IEnumerable<int> distinct = Enumerable.Range(0, sentences.Count).DistinctBy(row => sentences[row]);
        float[][] units = [.. distinct.Select(row => Unit(vectors.AsSpan(row * dimension, dimension)))];
        // On all cores: millions of products, while a training run waits. The sum's order is that of the rows.
        double[] sums = new double[units.Length];
        Parallel.For(0, units.Length, i => sums[i] = SumOfPotentials(units, i));
        return Math.Log(sums.Sum() / (units.Length * (units.Length - 1.0) / 2));
    }

    /// <summary>Sums a row's e^(−2‖x − y‖²) with the rows before it.</summary>
    static double SumOfPotentials(float[][] units, int row)
    {
        double sum = 0;
        for (int j = 0; j < row; j++)
        {
            double cosine = TensorPrimitives.Dot<float>(units[row], units[j]);
            sum += Math.Exp(-4 + 4 * cosine);
        }
        return sum;
    }

    static float[] Unit(ReadOnlySpan<float> vector)
    {
        float norm = TensorPrimitives.Norm(vector);
        float[] unit = new float[vector.Length];
        TensorPrimitives.Divide(vector, Math.Max(norm, 1e-12f), unit);
        return unit;
    }
}

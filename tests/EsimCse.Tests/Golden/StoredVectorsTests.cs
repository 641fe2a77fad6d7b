using System.Numerics;
using EsimCse.Core.Evaluation;
using EsimCse.Formats;
using EsimCse.Tests.Support;
using EsimCseNative;

namespace EsimCse.Tests.Golden;

/// <summary>The loss of the stored types of vectors on real sentences: STS-B with all-MiniLM-L6-v2.</summary>
public class StoredVectorsTests
{
    /// <summary>The limits of the loss in Spearman's correlation that users are promised.</summary>
    const double LimitOfInt8 = 0.002, LimitOfBinary = 0.02;

    [Fact]
    public void Int8_and_binary_keep_the_order_of_similarities()
    {
        IReadOnlyList<ScoredPair> pairs = StsSets.Read(SharedData.Path("sts"), "stsb-test");
        using SentenceEncoder encoder = OnCpu.Load(SharedData.Path("models", "all-MiniLM-L6-v2"));
        float[][] vectors = encoder.Encode(StsSets.Sentences(pairs), TestContext.Current.CancellationToken);
        double[] gold = [.. pairs.Select(pair => pair.Gold)];
        double[][] levels = Dequantize(vectors);
        double fp32 = Score(vectors, gold, Cosine);
        double int8 = Score(levels, gold, Cosine);
        double binary = Score(Bits(vectors), gold, CountEqualBits);
        TestContext.Current.TestOutputHelper?.WriteLine($"fp32 {fp32:F4}, int8 {int8:F4}, binary {binary:F4}");
        Assert.InRange(fp32, 0.81, 0.83);
        Assert.InRange(int8, fp32 - LimitOfInt8, 1);
        Assert.InRange(binary, fp32 - LimitOfBinary, 1);
    }

    /// <summary>Returns the products of stored integers and scales.</summary>
    static double[][] Dequantize(float[][] vectors)
    {
        int dimension = vectors[0].Length;
        Int8Rows rows = new(new VectorRows(dimension, vectors));
        sbyte[][] levels = [.. rows.Chunks()];
        float[] scales = rows.Scales.ToArray();
        return [.. levels.Select(row => row.Select((level, i) => (double)level * scales[i]).ToArray())];
    }

    static byte[][] Bits(float[][] vectors) => [.. new BinaryRows(new VectorRows(vectors[0].Length, vectors)).Chunks()];

    /// <summary>Returns Spearman's correlation; the vectors of a pair follow each other.</summary>
    static double Score<T>(T[] vectors, double[] gold, Func<T, T, double> similarity)
    {
        double[] similarities = [.. gold.Select((_, i) => similarity(vectors[2 * i], vectors[2 * i + 1]))];
        return Correlation.Spearman(similarities, gold);
    }

    static double Cosine(float[] x, float[] y) => Cosine([.. x.Select(v => (double)v)], [.. y.Select(v => (double)v)]);

    static double Cosine(double[] x, double[] y) => Dot(x, y) / Math.Sqrt(Dot(x, x) * Dot(y, y));

    static double Dot(double[] x, double[] y) => x.Zip(y, (a, b) => a * b).Sum();

    static double CountEqualBits(byte[] x, byte[] y) =>
        x.Zip(y, (a, b) => 8 - BitOperations.PopCount((uint)(a ^ b))).Sum();
}

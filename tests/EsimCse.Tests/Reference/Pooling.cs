using EsimCse.Core.Backend;

namespace EsimCse.Tests.Reference;

static class Pooling
{
    /// <summary>Computes the vectors [S,width] of the sentences from those of their tokens, x [T,width].</summary>
    public static double[] Forward(double[] x, int[] offsets, TokenPooling pooling, int width)
    {
        double[] y = new double[(offsets.Length - 1) * width];
        for (int s = 0; s + 1 < offsets.Length; s++)
            for (int c = 0; c < width; c++)
            {
                double[] tokens = new double[offsets[s + 1] - offsets[s]];
                for (int i = 0; i < tokens.Length; i++) tokens[i] = x[(offsets[s] + i) * width + c];
                y[s * width + c] = Pool(tokens, pooling);
            }
        return y;
    }

    static double Pool(double[] tokens, TokenPooling pooling) => pooling switch
    {
        TokenPooling.Cls => tokens[0],
        TokenPooling.Max => tokens.Max(),
        TokenPooling.Mean => tokens.Sum() / tokens.Length,
        TokenPooling.MeanSqrtLength => tokens.Sum() / Math.Sqrt(tokens.Length),
        TokenPooling.WeightedMean => WeightedMean(tokens),
        TokenPooling.LastToken => tokens[^1],
        _ => throw new ArgumentOutOfRangeException(nameof(pooling)),
    };

    static double WeightedMean(double[] tokens)
    {
        double sum = 0;
        double weights = 0;
        for (int i = 0; i < tokens.Length; i++)
        {
            sum += (i + 1) * tokens[i];
            weights += i + 1;
        }
        return sum / weights;
    }
}

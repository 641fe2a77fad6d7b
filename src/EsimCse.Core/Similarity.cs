namespace EsimCse.Core;

/// <summary>The functions by which sentence-transformers compares two vectors; larger is more alike.</summary>
public enum SimilarityFunction
{
    /// <summary>x·y / (‖x‖ ‖y‖), 0 where one of them is zero.</summary>
    Cosine,

    /// <summary>x·y.</summary>
    Dot,

    /// <summary>−‖x − y‖.</summary>
    Euclidean,

    /// <summary>−Σ |x − y|.</summary>
    Manhattan,
}

/// <summary>Similarities of vectors, in double precision.</summary>
static class Similarity
{
    /// <summary>Names in config_sentence_transformers.json.</summary>
    public static IReadOnlyDictionary<string, SimilarityFunction> Names { get; } =
        new Dictionary<string, SimilarityFunction>
        {
            ["cosine"] = SimilarityFunction.Cosine,
            ["dot"] = SimilarityFunction.Dot,
            ["euclidean"] = SimilarityFunction.Euclidean,
            ["manhattan"] = SimilarityFunction.Manhattan,
        };

    /// <summary>Returns the name of a function in config_sentence_transformers.json.</summary>
    public static string NameOf(SimilarityFunction function) => Names.First(name => name.Value == function).Key;

    /// <summary>Computes the similarity of two vectors of the same length.</summary>
    public static double Compute(SimilarityFunction function, ReadOnlySpan<float> x, ReadOnlySpan<float> y) =>
        function switch
        {
            SimilarityFunction.Cosine => Cosine(x, y),
            SimilarityFunction.Dot => Dot(x, y),
            SimilarityFunction.Euclidean => -Distance(x, y),
            _ => -ManhattanDistance(x, y),
        };

    /// <summary>Computes the cosine of two vectors, 0 where one of them is zero.</summary>
    public static double Cosine(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int i = 0; i < x.Length; i++)
        {
            xx += (double)x[i] * x[i];
            yy += (double)y[i] * y[i];
            xy += (double)x[i] * y[i];
        }
        return xx == 0 || yy == 0 ? 0 : xy / Math.Sqrt(xx * yy);
    }

    static double Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++) sum += (double)x[i] * y[i];
        return sum;
    }

    static double Distance(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double squares = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double difference = (double)x[i] - y[i];
            squares += difference * difference;
        }
        return Math.Sqrt(squares);
    }

    static double ManhattanDistance(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++) sum += Math.Abs((double)x[i] - y[i]);
        return sum;
    }
}

using EsimCse.Core;

namespace EsimCse.Tests;

public class SimilarityTests
{
    const double Tolerance = 1e-12;

    [Theory]
    [InlineData("cosine", 0.96)]
    [InlineData("dot", 24)]
    [InlineData("euclidean", -1.4142135623730951)]
    [InlineData("manhattan", -2)]
    public void Each_function_is_that_of_sentence_transformers(string name, double expected) =>
        Assert.Equal(expected, Similarity.Compute(Similarity.Names[name], [3, 4], [4, 3]), Tolerance);

    [Fact]
    public void The_cosine_with_a_zero_vector_is_zero() => Assert.Equal(0, Similarity.Cosine([0, 0], [1, 2]));
}

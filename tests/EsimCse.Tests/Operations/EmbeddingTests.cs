using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class EmbeddingTests
{
    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public void Forward_and_backward_equal_the_reference(string device, int width, int[] lengths)
    {
        using EmbeddingCase embedding = new(Backends.Create(device), lengths, width, vocabulary: 11, positions: 40);
        embedding.Forward();
        Tolerance.Elementwise.Check(embedding.ExpectedSum, embedding.Sum.Values);
        embedding.Backward();
        embedding.CheckGradients(Tolerance.RowSum);
    }

    // Runs of equal ids and of equal positions around the edges of chunks of 32 tokens: one chunk, one chunk and a
    // token, several chunks, several runs that begin in one chunk.
    [Theory]
    [InlineData(1, 32, 1)]
    [InlineData(1, 33, 1)]
    [InlineData(1, 64, 1, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(2, 65, 1, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(3, 33, 3, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(1, 45, 7, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(3, 45, 7)]
    [InlineData(7, 110, 9, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(700, 330, 2, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    public void Gradients_of_rows_shared_by_many_tokens_equal_the_reference(int vocabulary, int sentences, int length)
    {
        int[] lengths = [.. Enumerable.Repeat(length, sentences)];
        double[] before = Numbers.Normal(vocabulary * 40, 5);
        using EmbeddingCase embedding = new(Backends.Create(Backends.Cuda), lengths, 40, vocabulary, length, before);
        embedding.Backward();
        embedding.CheckGradients(Tolerance.Chain(sentences * length));
    }

    [Fact]
    public void The_reference_gradient_equals_finite_differences()
    {
        const int width = 3;
        int[] ids = [3, 1, 3, 0];
        int[] positionIds = [0, 1, 2, 0];
        double[] words = Numbers.Normal(4 * width, 1);
        double[] positions = Numbers.Normal(3 * width, 2);
        double[] types = Numbers.Normal(width, 3);
        double[] dsum = Numbers.Normal(4 * width, 4);

        double[] ofWords = FiniteDifference.Gradient(words, dsum, Words);
        Tolerance.FiniteDifferences.Check(ofWords, Embedding.Backward(dsum, ids, 4, width));
        double[] ofTypes = FiniteDifference.Gradient(types, dsum, Types);
        Tolerance.FiniteDifferences.Check(ofTypes, Embedding.Backward(dsum, new int[4], 1, width));

        double[] Words(double[] moved) => Embedding.Forward(ids, positionIds, moved, positions, types, width);
        double[] Types(double[] moved) => Embedding.Forward(ids, positionIds, words, positions, moved, width);
    }
}

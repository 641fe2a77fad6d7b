using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class EmbeddingTests
{
    const int Vocabulary = 11, Places = 40, Types = 2;

    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public void Forward_and_backward_equal_the_reference(string device, int width, int[] lengths)
    {
        using IBackend backend = Backends.Create(device);
        using DeviceBatch batch = new(backend, lengths, vocabulary: Vocabulary);
        int tokens = lengths.Sum();
        double[] words = Numbers.Normal(Vocabulary * width, 1), positions = Numbers.Normal(Places * width, 2), types = Numbers.Normal(Types * width, 3), dsum = Numbers.Normal(tokens * width, 4);
        using GuardedMatrix gw = new(backend, Vocabulary, width, words), gp = new(backend, Places, width, positions), gt = new(backend, Types, width, types), sum = new(backend, tokens, width), gd = new(backend, tokens, width, dsum);
        using GuardedMatrix dw = new(backend, Vocabulary, width, new double[words.Length]), dp = new(backend, Places, width, new double[positions.Length]), dt = new(backend, Types, width, new double[types.Length]);
        backend.EmbeddingForward(batch.Batch, gw, gp, gt, sum);
        Tolerance.Elementwise.Check(Embedding.Forward(batch.Ids, batch.Positions, words, positions, types, width), sum.Values);
        backend.EmbeddingBackward(gd, batch.Batch, dw, dp, dt);
        Tolerance.RowSum.Check(Embedding.Backward(dsum, batch.Ids, Vocabulary, width), dw.Values, "dwords");
        Tolerance.RowSum.Check(Embedding.Backward(dsum, batch.Positions, Places, width), dp.Values, "dpositions");
        Tolerance.RowSum.Check(Embedding.Backward(dsum, new int[tokens], Types, width), dt.Values, "dtypes");
    }

    // Runs of equal ids and of equal positions around the edges of chunks (32 tokens): one chunk, one and a token, several; several runs that begin in one chunk's worth of tokens.
    [Theory]
    [InlineData(1, 32, 1)]
    [InlineData(1, 33, 1)]
    [InlineData(1, 64, 1)]
    [InlineData(2, 65, 1)]
    [InlineData(3, 33, 3)]
    [InlineData(1, 45, 7)]
    [InlineData(3, 45, 7)]
    [InlineData(7, 110, 9)]
    [InlineData(700, 330, 2)]
    public void Rows_that_many_tokens_share_equal_the_reference(int vocabulary, int sentences, int length)
    {
        const int width = 40;
        using IBackend backend = Backends.Create(Backends.Cuda);
        using DeviceBatch batch = new(backend, [.. Enumerable.Repeat(length, sentences)], vocabulary: vocabulary);
        int tokens = sentences * length;
        double[] dsum = Numbers.Normal(tokens * width, 4), before = Numbers.Normal(vocabulary * width, 5);
        using GuardedMatrix gd = new(backend, tokens, width, dsum), dw = new(backend, vocabulary, width, before), dp = new(backend, length, width, new double[length * width]), dt = new(backend, Types, width, new double[Types * width]);
        backend.EmbeddingBackward(gd, batch.Batch, dw, dp, dt);
        Tolerance chain = new(2 * Math.Pow(2, -24) * (tokens + 16), 2e-6, $"a chain of {tokens} sums in fp32");
        chain.Check([.. Embedding.Backward(dsum, batch.Ids, vocabulary, width).Zip(before, (a, b) => a + b)], dw.Values, "dwords");
        chain.Check(Embedding.Backward(dsum, batch.Positions, length, width), dp.Values, "dpositions");
        chain.Check(Embedding.Backward(dsum, new int[tokens], Types, width), dt.Values, "dtypes");
    }

    [Fact]
    public void The_backward_is_the_forward_differentiated()
    {
        (int[] ids, int[] places, int width) = ([3, 1, 3, 0], [0, 1, 2, 0], 3);
        double[] words = Numbers.Normal(4 * width, 1), positions = Numbers.Normal(3 * width, 2), types = Numbers.Normal(width, 3), dsum = Numbers.Normal(4 * width, 4);
        Tolerance.FiniteDifferences.Check(FiniteDifference.Gradient(words, dsum, moved => Embedding.Forward(ids, places, moved, positions, types, width)), Embedding.Backward(dsum, ids, 4, width));
        Tolerance.FiniteDifferences.Check(FiniteDifference.Gradient(types, dsum, moved => Embedding.Forward(ids, places, words, positions, moved, width)), Embedding.Backward(dsum, new int[4], 1, width));
    }
}

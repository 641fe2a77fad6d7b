using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class MeanPoolingTests
{
    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public void Forward_and_backward_equal_the_reference(string device, int width, int[] lengths)
    {
        using IBackend backend = Backends.Create(device);
        using DeviceBatch batch = new(backend, lengths);
        (int tokens, int sentences) = (lengths.Sum(), lengths.Length);
        double[] x = Numbers.Normal(tokens * width, 1), dy = Numbers.Normal(sentences * width, 2);
        using GuardedMatrix gx = new(backend, tokens, width, x), y = new(backend, sentences, width), gdy = new(backend, sentences, width, dy), dx = new(backend, tokens, width);
        double[] forward = MeanPooling.Forward(x, batch.Offsets, 0.5, width), backward = MeanPooling.Backward(dy, batch.Offsets, 0.5, width);
        foreach (bool accumulate in new[] { false, true })
        {
            double times = accumulate ? 2 : 1;
            backend.MeanPoolingForward(gx, batch.Batch, 0.5f, accumulate, y);
            Tolerance.RowSum.Check([.. forward.Select(value => times * value)], y.Values, "y");
            backend.MeanPoolingBackward(gdy, batch.Batch, 0.5f, accumulate, dx);
            Tolerance.Elementwise.Check([.. backward.Select(value => times * value)], dx.Values, "dx");
        }
        if (tokens is > 0 and < 20 && width < 10)
            Tolerance.FiniteDifferences.Check(FiniteDifference.Gradient(x, dy, moved => MeanPooling.Forward(moved, batch.Offsets, 0.5, width)), backward);
    }
}

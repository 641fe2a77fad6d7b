using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class ClsPoolingTests
{
    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public void Forward_and_backward_equal_the_reference(string device, int width, int[] lengths)
    {
        using IBackend backend = Backends.Create(device);
        using DeviceBatch batch = new(backend, lengths);
        (int tokens, int sentences) = (lengths.Sum(), lengths.Length);
        double[] x = Numbers.Normal(tokens * width, 1), dy = Numbers.Normal(sentences * width, 2), before = Numbers.Normal(tokens * width, 3);
        using GuardedMatrix gx = new(backend, tokens, width, x), y = new(backend, sentences, width), gdy = new(backend, sentences, width, dy), dx = new(backend, tokens, width, before);
        backend.ClsPoolingForward(gx, batch.Batch, y);
        Assert.Equal(ClsPooling.Forward(x, batch.Offsets, width), y.Values);
        backend.ClsPoolingBackward(gdy, batch.Batch, dx);
        Tolerance.Elementwise.Check(ClsPooling.Backward(dy, batch.Offsets, width, before), dx.Values, "dx");
        if (tokens is > 0 and < 20 && width < 10)
            Tolerance.FiniteDifferences.Check(FiniteDifference.Gradient(x, dy, moved => ClsPooling.Forward(moved, batch.Offsets, width)), ClsPooling.Backward(dy, batch.Offsets, width, new double[x.Length]));
    }
}

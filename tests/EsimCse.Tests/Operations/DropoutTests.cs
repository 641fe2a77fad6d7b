using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class DropoutTests
{
    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public void Forward_and_backward_multiply_by_the_definitions_mask(string device, int width, int[] lengths)
    {
        using IBackend backend = Backends.Create(device);
        using DeviceBatch batch = new(backend, lengths);
        int tokens = lengths.Sum();
        double[] x = Numbers.Normal(tokens * width, 1), mask = [.. lengths.SelectMany((length, s) => DeviceBatch.Draws(0.4f, 2, s, length * width))];
        using GuardedMatrix gx = new(backend, tokens, width, x), y = new(backend, tokens, width);
        backend.DropoutForward(gx, batch.Batch.Offsets, batch.Mask(0.4f, 2), y);
        Tolerance.Elementwise.Check([.. x.Zip(mask, (a, b) => a * b)], y.Values);
        // A product's gradient is the other factor: the same mask, here in place.
        backend.DropoutBackward(gx, batch.Batch.Offsets, batch.Mask(0.4f, 2), gx);
        Assert.Equal(y.Floats, gx.Floats);
        if (mask.Length > 1000) Assert.InRange(mask.Count(value => value == 0) / (double)mask.Length, 0.3, 0.5);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Without_a_rate_nothing_changes(string device)
    {
        using IBackend backend = Backends.Create(device);
        using DeviceBatch batch = new(backend, [3, 2]);
        using GuardedMatrix x = new(backend, 5, 8, Numbers.Normal(40, 1)), y = new(backend, 5, 8);
        backend.DropoutForward(x, batch.Batch.Offsets, default, y);
        Assert.Equal(x.Floats, y.Floats);
    }
}

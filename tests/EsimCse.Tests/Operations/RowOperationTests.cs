namespace EsimCse.Tests.Operations;

/// <summary>The operations whose definition is a line: embedding, dropout, tanh, the two poolings.</summary>
public class RowOperationTests
{
    static readonly int[] Lengths = [3, 1, 6, 2];
    const int Tokens = 12;

    static int WidthOf(string device) => Backends.Takes(device, 37) ? 37 : 40;

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Embedding(string device)
    {
        using IBackend backend = Backends.Create(device);
        int width = WidthOf(device);
        using DeviceBatch batch = new(backend, Lengths);
        double[] words = Numbers.Normal(11 * width, 1), positions = Numbers.Normal(8 * width, 2), types = Numbers.Normal(2 * width, 3), dsum = Numbers.Normal(Tokens * width, 4);
        using GuardedMatrix gw = new(backend, 11, width, words), gp = new(backend, 8, width, positions), gt = new(backend, 2, width, types), sum = new(backend, Tokens, width), gd = new(backend, Tokens, width, dsum);
        using GuardedMatrix dw = new(backend, 11, width, new double[words.Length]), dp = new(backend, 8, width, new double[positions.Length]), dt = new(backend, 2, width, new double[types.Length]);
        backend.EmbeddingForward(batch.Batch, gw, gp, gt, sum);
        backend.EmbeddingBackward(gd, batch.Batch, dw, dp, dt);
        double[] expected = new double[Tokens * width], ew = new double[words.Length], ep = new double[positions.Length], et = new double[types.Length];
        for (int t = 0; t < Tokens; t++)
            for (int c = 0; c < width; c++)
            {
                expected[t * width + c] = words[batch.Ids[t] * width + c] + positions[batch.Positions[t] * width + c] + types[c];
                ew[batch.Ids[t] * width + c] += dsum[t * width + c];
                ep[batch.Positions[t] * width + c] += dsum[t * width + c];
                et[c] += dsum[t * width + c];
            }
        Tolerance.Elementwise.Check(expected, sum.Values);
        Tolerance.RowSum.Check(ew, dw.Values, "dwords");
        Tolerance.RowSum.Check(ep, dp.Values, "dpositions");
        Tolerance.RowSum.Check(et, dt.Values, "dtypes");
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Dropout(string device)
    {
        using IBackend backend = Backends.Create(device);
        int width = WidthOf(device);
        using DeviceBatch batch = new(backend, Lengths);
        double[] x = Numbers.Normal(Tokens * width, 1), mask = [.. Lengths.SelectMany((length, s) => DeviceBatch.Draws(0.4f, 2, s, length * width))];
        using GuardedMatrix gx = new(backend, Tokens, width, x), y = new(backend, Tokens, width);
        backend.DropoutForward(gx, batch.Batch.Offsets, batch.Mask(0.4f, 2), y);
        Tolerance.Elementwise.Check([.. x.Zip(mask, (a, b) => a * b)], y.Values);
        backend.DropoutBackward(gx, batch.Batch.Offsets, batch.Mask(0.4f, 2), gx);
        Assert.Equal(y.Floats, gx.Floats);
        Assert.InRange(mask.Count(value => value == 0) / (double)mask.Length, 0.3, 0.5);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Tanh(string device)
    {
        using IBackend backend = Backends.Create(device);
        int width = WidthOf(device);
        double[] x = Numbers.Normal(3 * width, 1, 2), dy = Numbers.Normal(3 * width, 2);
        using GuardedMatrix gx = new(backend, 3, width, x), gdy = new(backend, 3, width, dy);
        backend.TanhForward(gx, gx);
        Tolerance.Elementwise.Check([.. x.Select(Math.Tanh)], gx.Values);
        backend.TanhBackward(gdy, gx, gdy);
        new Tolerance(1e-6, 1e-5, "1 − y² of a y in fp32").Check(FiniteDifference.Gradient(x, dy, moved => [.. moved.Select(Math.Tanh)]), gdy.Values);
    }

    [Theory]
    [InlineData("cpu-1", false)]
    [InlineData("cpu-3", true)]
    [InlineData("cuda", false)]
    [InlineData("cuda", true)]
    public void Poolings(string device, bool accumulate)
    {
        using IBackend backend = Backends.Create(device);
        int width = WidthOf(device);
        using DeviceBatch batch = new(backend, Lengths);
        double[] x = Numbers.Normal(Tokens * width, 1), dy = Numbers.Normal(4 * width, 2), before = Numbers.Normal(Tokens * width, 3);
        using GuardedMatrix gx = new(backend, Tokens, width, x), gdy = new(backend, 4, width, dy), first = new(backend, 4, width), mean = new(backend, 4, width), dx = new(backend, Tokens, width, before);
        backend.ClsPoolingForward(gx, batch.Batch, first);
        backend.MeanPoolingForward(gx, batch.Batch, 0.5f, accumulate: false, mean);
        if (accumulate) backend.MeanPoolingForward(gx, batch.Batch, 0.5f, accumulate: true, mean);
        double scale = accumulate ? 1 : 0.5;
        double[] means = [.. Enumerable.Range(0, 4 * width).Select(i => scale * Enumerable.Range(batch.Offsets[i / width], Lengths[i / width]).Average(t => x[t * width + i % width]))];
        Tolerance.RowSum.Check(means, mean.Values, "mean");
        Assert.Equal(Enumerable.Range(0, 4).SelectMany(s => gx.Floats[(batch.Offsets[s] * width)..((batch.Offsets[s] + 1) * width)]), first.Floats);

        backend.MeanPoolingBackward(gdy, batch.Batch, 0.5f, accumulate, dx);
        backend.ClsPoolingBackward(gdy, batch.Batch, dx);
        double[] expected = [.. Enumerable.Range(0, Tokens * width).Select(i =>
        {
            int s = Enumerable.Range(0, 4).Last(s => batch.Offsets[s] <= i / width);
            return (accumulate ? before[i] : 0) + 0.5 * dy[s * width + i % width] / Lengths[s] + (i / width == batch.Offsets[s] ? dy[s * width + i % width] : 0);
        })];
        Tolerance.Elementwise.Check(expected, dx.Values, "dx");
    }
}

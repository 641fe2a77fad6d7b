using EsimCse.Cpu;

namespace EsimCse.Tests.Operations;

/// <summary>The operations whose definition is a line: embedding, dropout, tanh, the two poolings.</summary>
public class RowOperationTests
{
    static readonly int[] Lengths = [3, 1, 6, 2];
    const int Tokens = 12, Width = 37;

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Embedding(string device)
    {
        using CpuBackend backend = Backends.Create(device);
        using DeviceBatch batch = new(backend, Lengths);
        double[] words = Numbers.Normal(11 * Width, 1), positions = Numbers.Normal(8 * Width, 2), types = Numbers.Normal(2 * Width, 3), dsum = Numbers.Normal(Tokens * Width, 4);
        using GuardedMatrix gw = new(backend, 11, Width, words), gp = new(backend, 8, Width, positions), gt = new(backend, 2, Width, types), sum = new(backend, Tokens, Width), gd = new(backend, Tokens, Width, dsum);
        using GuardedMatrix dw = new(backend, 11, Width, new double[words.Length]), dp = new(backend, 8, Width, new double[positions.Length]), dt = new(backend, 2, Width, new double[types.Length]);
        backend.EmbeddingForward(batch.Batch, gw, gp, gt, sum);
        backend.EmbeddingBackward(gd, batch.Batch, dw, dp, dt);
        double[] expected = new double[Tokens * Width], ew = new double[words.Length], ep = new double[positions.Length], et = new double[types.Length];
        for (int t = 0; t < Tokens; t++)
            for (int c = 0; c < Width; c++)
            {
                expected[t * Width + c] = words[batch.Ids[t] * Width + c] + positions[batch.Positions[t] * Width + c] + types[c];
                ew[batch.Ids[t] * Width + c] += dsum[t * Width + c];
                ep[batch.Positions[t] * Width + c] += dsum[t * Width + c];
                et[c] += dsum[t * Width + c];
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
        using CpuBackend backend = Backends.Create(device);
        using DeviceBatch batch = new(backend, Lengths);
        double[] x = Numbers.Normal(Tokens * Width, 1), mask = [.. Lengths.SelectMany((length, s) => DeviceBatch.Draws(0.4f, 2, s, length * Width))];
        using GuardedMatrix gx = new(backend, Tokens, Width, x), y = new(backend, Tokens, Width);
        backend.DropoutForward(gx, batch.Batch.Offsets, batch.Mask(0.4f, 2), y);
        Tolerance.Elementwise.Check([.. x.Zip(mask, (a, b) => a * b)], y.Values);
        backend.DropoutBackward(gx, batch.Batch.Offsets, batch.Mask(0.4f, 2), gx);
        Assert.Equal(y.Floats, gx.Floats);
        Assert.InRange(mask.Count(value => value == 0) / (double)mask.Length, 0.3, 0.5);
    }

    [Fact]
    public void Tanh()
    {
        using CpuBackend backend = new(1);
        double[] x = Numbers.Normal(3 * Width, 1, 2), dy = Numbers.Normal(3 * Width, 2);
        using GuardedMatrix gx = new(backend, 3, Width, x), gdy = new(backend, 3, Width, dy);
        backend.TanhForward(gx, gx);
        Tolerance.Elementwise.Check([.. x.Select(Math.Tanh)], gx.Values);
        backend.TanhBackward(gdy, gx, gdy);
        new Tolerance(1e-6, 1e-5, "1 − y² of a y in fp32").Check(FiniteDifference.Gradient(x, dy, moved => [.. moved.Select(Math.Tanh)]), gdy.Values);
    }

    [Theory]
    [InlineData("cpu-1", false)]
    [InlineData("cpu-3", true)]
    public void Poolings(string device, bool accumulate)
    {
        using CpuBackend backend = Backends.Create(device);
        using DeviceBatch batch = new(backend, Lengths);
        double[] x = Numbers.Normal(Tokens * Width, 1), dy = Numbers.Normal(4 * Width, 2), before = Numbers.Normal(Tokens * Width, 3);
        using GuardedMatrix gx = new(backend, Tokens, Width, x), gdy = new(backend, 4, Width, dy), first = new(backend, 4, Width), mean = new(backend, 4, Width), dx = new(backend, Tokens, Width, before);
        backend.ClsPoolingForward(gx, batch.Batch, first);
        backend.MeanPoolingForward(gx, batch.Batch, 0.5f, accumulate: false, mean);
        if (accumulate) backend.MeanPoolingForward(gx, batch.Batch, 0.5f, accumulate: true, mean);
        double scale = accumulate ? 1 : 0.5;
        double[] means = [.. Enumerable.Range(0, 4 * Width).Select(i => scale * Enumerable.Range(batch.Offsets[i / Width], Lengths[i / Width]).Average(t => x[t * Width + i % Width]))];
        Tolerance.RowSum.Check(means, mean.Values, "mean");
        Assert.Equal(Enumerable.Range(0, 4).SelectMany(s => gx.Floats[(batch.Offsets[s] * Width)..((batch.Offsets[s] + 1) * Width)]), first.Floats);

        backend.MeanPoolingBackward(gdy, batch.Batch, 0.5f, accumulate, dx);
        backend.ClsPoolingBackward(gdy, batch.Batch, dx);
        double[] expected = [.. Enumerable.Range(0, Tokens * Width).Select(i =>
        {
            int s = Enumerable.Range(0, 4).Last(s => batch.Offsets[s] <= i / Width);
            return (accumulate ? before[i] : 0) + 0.5 * dy[s * Width + i % Width] / Lengths[s] + (i / Width == batch.Offsets[s] ? dy[s * Width + i % Width] : 0);
        })];
        Tolerance.Elementwise.Check(expected, dx.Values, "dx");
    }
}

using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class LayerNormTests
{
    static readonly int[] Lengths = [3, 1, 6, 2];

    public static TheoryData<string, int, float> Cases
    {
        get
        {
            TheoryData<string, int, float> cases = [];
            foreach (string device in Backends.Names)
                foreach (int width in new[] { 1, 7, 8, 24, 33, 64, 384, 1000 })
                    foreach (float rate in new[] { 0f, 0.25f })
                        if (Backends.Takes(device, width)) cases.Add(device, width, rate);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_and_backward_equal_the_reference(string device, int n, float rate)
    {
        using IBackend backend = Backends.Create(device);
        using DeviceBatch batch = new(backend, Lengths);
        int m = Lengths.Sum();
        double[] x = Numbers.Normal(m * n, 1), bias = Numbers.Normal(n, 2), residual = Numbers.Normal(m * n, 3), gamma = Numbers.Normal(n, 4), beta = Numbers.Normal(n, 5), dy = Numbers.Normal(m * n, 6);
        double[] mask = [.. Lengths.SelectMany((length, s) => DeviceBatch.Draws(rate, 2, s, length * n))];
        using GuardedMatrix gx = new(backend, m, n, x), gb = new(backend, 1, n, bias), gr = new(backend, m, n, residual), gg = new(backend, 1, n, gamma), gbeta = new(backend, 1, n, beta), gdy = new(backend, m, n, dy);
        using GuardedMatrix y = new(backend, m, n), rstd = new(backend, 1, m), dx = new(backend, m, n);
        using GuardedMatrix dbias = new(backend, 1, n, new double[n]), dgamma = new(backend, 1, n, new double[n]), dbeta = new(backend, 1, n, new double[n]);

        backend.LayerNormForward(gx, gb, gr, batch.Batch.Offsets, batch.Mask(rate, 2), gg, gbeta, 1e-5f, gx, rstd, y);
        double[] Forward(double[] x, double[] bias, double[] residual, double[] gamma, double[] beta) => LayerNorm.Forward(x, bias, residual, mask, gamma, beta, 1e-5, m, n);
        Tolerance.RowSum.Check(Forward(x, bias, residual, gamma, beta), y.Values, "y");

        backend.LayerNormBackward(gdy, gx, rstd, batch.Batch.Offsets, batch.Mask(rate, 2), gg, gdy, dx, dbias, dgamma, dbeta);
        if (n > 33) return;
        Tolerance differences = new(2e-5 * (1 + rstd.Values.Max()), 1e-4, "fp32 sums over rows and columns, amplified by 1 / σ");
        differences.Check(FiniteDifference.Gradient(x, dy, moved => Forward(moved, bias, residual, gamma, beta)), dx.Values, "dx");
        differences.Check(FiniteDifference.Gradient(residual, dy, moved => Forward(x, bias, moved, gamma, beta)), gdy.Values, "dresidual");
        differences.Check(FiniteDifference.Gradient(bias, dy, moved => Forward(x, moved, residual, gamma, beta)), dbias.Values, "dbias");
        differences.Check(FiniteDifference.Gradient(gamma, dy, moved => Forward(x, bias, residual, moved, beta)), dgamma.Values, "dgamma");
        differences.Check(FiniteDifference.Gradient(beta, dy, moved => Forward(x, bias, residual, gamma, moved)), dbeta.Values, "dbeta");
    }

    /// <summary>A chain of so many additions: partial sums grow like √k, and each addition rounds by ε/2 of one; together like k.</summary>
    static Tolerance Chain(int k) => new(2 * Math.Pow(2, -24) * (k + 16), 2e-6, $"a chain of {k} sums in fp32");

    // Past the edges of what a block takes at once and of a part of the rows (4, 8 beyond 2048, 12 beyond 4096), and of what registers hold (1024 columns forward, 2048 backward).
    [Theory]
    [InlineData(0, 8)]
    [InlineData(1, 16)]
    [InlineData(4, 24)]
    [InlineData(5, 256)]
    [InlineData(9, 640)]
    [InlineData(13, 768)]
    [InlineData(17, 1024)]
    [InlineData(9, 1032)]
    [InlineData(5, 2048)]
    [InlineData(17, 2056)]
    [InlineData(11, 4104)]
    [InlineData(4107, 8)]
    public void On_CUDA_any_rows_and_widths_equal_the_reference(int m, int n)
    {
        using IBackend backend = Backends.Create(Backends.Cuda);
        int[] lengths = [.. Enumerable.Repeat(5, m / 5), m % 5];
        using DeviceBatch batch = new(backend, lengths);
        DropoutMask drops = batch.Mask(0.25f, lengths.Length);
        double[] x = Numbers.Normal(m * n, 1), bias = Numbers.Normal(n, 2), residual = Numbers.Normal(m * n, 3), gamma = Numbers.Normal(n, 4), beta = Numbers.Normal(n, 5), dy = Numbers.Normal(m * n, 6), before = Numbers.Normal(n, 7);
        double[] mask = [.. lengths.SelectMany((length, s) => DeviceBatch.Draws(0.25f, lengths.Length, s, length * n))];
        using GuardedMatrix gx = new(backend, m, n, x), gb = new(backend, 1, n, bias), gr = new(backend, m, n, residual), gg = new(backend, 1, n, gamma), gbeta = new(backend, 1, n, beta), gdy = new(backend, m, n, dy);
        using GuardedMatrix y = new(backend, m, n), rstd = new(backend, 1, m), dz = new(backend, m, n), dx = new(backend, m, n);
        using GuardedMatrix dbias = new(backend, 1, n, before), dgamma = new(backend, 1, n, before), dbeta = new(backend, 1, n, before);
        backend.LayerNormForward(gx, gb, gr, batch.Batch.Offsets, drops, gg, gbeta, 1e-5f, gx, rstd, y);
        Tolerance.RowSum.Check(LayerNorm.Forward(x, bias, residual, mask, gamma, beta, 1e-5, m, n), y.Values, "y");

        backend.LayerNormBackward(gdy, gx, rstd, batch.Batch.Offsets, drops, gg, dz, dx, dbias, dgamma, dbeta);
        var expected = LayerNorm.Backward(dy, gx.Values, rstd.Values, mask, gamma, m, n);
        Tolerance.RowSum.Check(expected.Dz, dz.Values, "dz");
        Tolerance.RowSum.Check(expected.Dx, dx.Values, "dx");
        double[] Added(double[] sum) => [.. sum.Zip(before, (a, b) => a + b)];
        Chain(m).Check(Added(expected.Dbias), dbias.Values, "dbias");
        Chain(m).Check(Added(expected.Dgamma), dgamma.Values, "dgamma");
        Chain(m).Check(Added(expected.Dbeta), dbeta.Values, "dbeta");

        // dz in the place of dy; where nothing is dropped, dx in that of dz, or none.
        backend.LayerNormBackward(gdy, gx, rstd, batch.Batch.Offsets, drops, gg, gdy, default, default, dgamma, dbeta);
        Assert.Equal(dz.Floats, gdy.Floats);
        foreach (bool present in new[] { true, false })
        {
            backend.Upload<float>([.. dy.Select(value => (float)value)], gdy);
            backend.Upload<float>([.. before.Select(value => (float)value)], dbias);
            backend.LayerNormBackward(gdy, gx, rstd, batch.Batch.Offsets, default, gg, gdy, present ? gdy.Matrix : default, dbias, dgamma, dbeta);
            Assert.Equal(dz.Floats, gdy.Floats);
            double[] slopes = dz.Values;
            Chain(m).Check(Added([.. Enumerable.Range(0, n).Select(column => Enumerable.Range(0, m).Sum(row => slopes[row * n + column]))]), dbias.Values, "dbias");
        }
    }

    [Fact]
    public void The_backward_is_the_forward_differentiated()
    {
        (int m, int n) = (3, 5);
        double[] x = Numbers.Normal(m * n, 1), bias = Numbers.Normal(n, 2), residual = Numbers.Normal(m * n, 3), gamma = Numbers.Normal(n, 4), beta = Numbers.Normal(n, 5), dy = Numbers.Normal(m * n, 6);
        double[] mask = [.. Enumerable.Range(0, m * n).Select(i => i % 4 == 0 ? 0 : 4.0 / 3)], zeros = new double[n], ones = [.. Enumerable.Repeat(1.0, n)];
        double[] Forward(double[] x, double[] bias, double[] residual, double[] gamma, double[] beta) => LayerNorm.Forward(x, bias, residual, mask, gamma, beta, 1e-5, m, n);
        double[] normalized = Forward(x, bias, residual, ones, zeros), rstd = [.. Enumerable.Range(0, m).Select(i =>
        {
            double[] z = [.. Enumerable.Range(i * n, n).Select(at => (x[at] + bias[at % n]) * mask[at] + residual[at])];
            return 1 / Math.Sqrt(z.Sum(value => (value - z.Average()) * (value - z.Average())) / n + 1e-5);
        })];
        var expected = LayerNorm.Backward(dy, normalized, rstd, mask, gamma, m, n);
        Tolerance.FiniteDifferences.Check(FiniteDifference.Gradient(x, dy, moved => Forward(moved, bias, residual, gamma, beta)), expected.Dx, "dx");
        Tolerance.FiniteDifferences.Check(FiniteDifference.Gradient(residual, dy, moved => Forward(x, bias, moved, gamma, beta)), expected.Dz, "dresidual");
        Tolerance.FiniteDifferences.Check(FiniteDifference.Gradient(bias, dy, moved => Forward(x, moved, residual, gamma, beta)), expected.Dbias, "dbias");
        Tolerance.FiniteDifferences.Check(FiniteDifference.Gradient(gamma, dy, moved => Forward(x, bias, residual, moved, beta)), expected.Dgamma, "dgamma");
        Tolerance.FiniteDifferences.Check(FiniteDifference.Gradient(beta, dy, moved => Forward(x, bias, residual, gamma, moved)), expected.Dbeta, "dbeta");
    }

    [Fact]
    public void Without_dropout_dx_may_be_absent_and_the_bias_still_has_its_gradient()
    {
        using CpuBackend backend = new(1);
        using DeviceBatch batch = new(backend, Lengths);
        (int m, int n) = (Lengths.Sum(), 24);
        double[] x = Numbers.Normal(m * n, 1), dy = Numbers.Normal(m * n, 2), ones = [.. Enumerable.Repeat(1.0, n)], zeros = new double[n];
        using GuardedMatrix gx = new(backend, m, n, x), gamma = new(backend, 1, n, ones), beta = new(backend, 1, n, zeros), y = new(backend, m, n), rstd = new(backend, 1, m), gdy = new(backend, m, n, dy), dz = new(backend, m, n);
        using GuardedMatrix dbias = new(backend, 1, n, zeros), dgamma = new(backend, 1, n, zeros), dbeta = new(backend, 1, n, zeros);
        backend.LayerNormForward(gx, default, default, batch.Batch.Offsets, default, gamma, beta, 1e-5f, gx, rstd, y);
        backend.LayerNormBackward(gdy, gx, rstd, batch.Batch.Offsets, default, gamma, dz, default, dbias, dgamma, dbeta);
        double[] slopes = dz.Values;
        Tolerance.RowSum.Check([.. Enumerable.Range(0, n).Select(column => Enumerable.Range(0, m).Sum(row => slopes[row * n + column]))], dbias.Values, "dbias");
        Assert.Throws<ArgumentException>(() => backend.LayerNormBackward(gdy, gx, rstd, batch.Batch.Offsets, batch.Mask(0.25f, 2), gamma, dz, default, dbias, dgamma, dbeta));
    }

    [Fact]
    public void Without_offsets_a_row_is_a_sentences_first()
    {
        using CpuBackend backend = new(1);
        using DeviceBatch batch = new(backend, Lengths);
        int n = 40;
        double[] x = Numbers.Normal(4 * n, 1), ones = [.. Enumerable.Repeat(1.0, n)], zeros = new double[n];
        double[] mask = [.. Enumerable.Range(0, 4).SelectMany(s => DeviceBatch.Draws(0.3f, 2, s, n))];
        using GuardedMatrix gx = new(backend, 4, n, x), gamma = new(backend, 1, n, ones), beta = new(backend, 1, n, zeros), y = new(backend, 4, n);
        backend.LayerNormForward(gx, default, default, default, batch.Mask(0.3f, 2), gamma, beta, 1e-5f, default, default, y);
        Tolerance.RowSum.Check(LayerNorm.Forward(x, zeros, new double[4 * n], mask, ones, zeros, 1e-5, 4, n), y.Values);
    }
}

using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCse.Cpu.Gemm;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class LinearTests
{
    /// <summary>Partial sums of K terms of size 1 grow like √k, and each addition rounds by ε/2 of one: together like K.</summary>
    static Tolerance Chain(int k) => new(2 * Math.Pow(2, -24) * (k + 16), 2e-6, $"a chain of {k} products in fp32");

    // Past the edges of every tile (4, 6, 12 rows; 4, 16, 32 columns) and block (256 deep, 240 rows).
    public static TheoryData<string, int, int, int> Cases
    {
        get
        {
            TheoryData<string, int, int, int> cases = [];
            foreach (string variant in Sgemm.Variants)
                foreach ((int m, int n, int k) in new[] { (0, 3, 2), (1, 1, 1), (2, 3, 0), (3, 2, 5), (13, 33, 31), (12, 32, 256), (25, 65, 257), (241, 70, 19), (481, 5, 600), (1, 3100, 9), (7, 200, 513) })
                    cases.Add(variant, m, n, k);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_form_equals_the_double_loops(string variant, int m, int n, int k)
    {
        using CpuBackend backend = new(2, variant);
        Check(backend, m, n, k);
    }

    [Theory]
    [InlineData(0, 8, 8)]
    [InlineData(1, 8, 16)]
    [InlineData(2, 24, 8)]
    [InlineData(13, 32, 64)]
    [InlineData(37, 64, 24)]
    [InlineData(130, 40, 136)]
    [InlineData(31, 32, 8)]
    [InlineData(128, 104, 8)]
    [InlineData(257, 72, 8)]
    [InlineData(4129, 8, 8)]
    public void On_CUDA_every_form_equals_the_double_loops(int m, int n, int k)
    {
        using IBackend backend = Backends.Create(Backends.Cuda);
        Check(backend, m, n, k);
    }

    static void Check(IBackend backend, int m, int n, int k)
    {
        double[] x = Numbers.Normal(m * k, 1), w = Numbers.Normal(n * k, 2), bias = Numbers.Normal(n, 3), dy = Numbers.Normal(m * n, 4);
        using GuardedMatrix gx = new(backend, m, k, x), gw = new(backend, n, k, w), gb = new(backend, 1, n, bias), gdy = new(backend, m, n, dy);
        using GuardedMatrix y = new(backend, m, n), dx = new(backend, m, k), dw = new(backend, n, k, new double[n * k]), db = new(backend, 1, n, new double[n]);

        backend.LinearForward(gx, gw, gb, y);
        Chain(k).Check(Linear.Forward(x, w, bias, m, n, k), y.Values, "y");
        backend.LinearBackwardInput(gdy, gw, accumulate: false, dx);
        Chain(n).Check(Linear.BackwardInput(dy, w, m, n, k), dx.Values, "dx");
        backend.LinearBackwardInput(gdy, gw, accumulate: true, dx);
        Chain(2 * n).Check([.. Linear.BackwardInput(dy, w, m, n, k).Select(value => 2 * value)], dx.Values, "2 dx");
        backend.LinearBackwardWeight(gdy, gx, dw, db);
        (double[] expected, double[] expectedBias) = Linear.BackwardWeight(dy, x, m, n, k);
        Chain(m).Check(expected, dw.Values, "dw");
        Chain(m).Check(expectedBias, db.Values, "dbias");
    }

    [Fact]
    public void The_backward_is_the_forward_differentiated()
    {
        (int m, int n, int k) = (3, 4, 5);
        double[] x = Numbers.Normal(m * k, 1), w = Numbers.Normal(n * k, 2), bias = Numbers.Normal(n, 3), dy = Numbers.Normal(m * n, 4);
        Tolerance.FiniteDifferences.Check(FiniteDifference.Gradient(x, dy, moved => Linear.Forward(moved, w, bias, m, n, k)), Linear.BackwardInput(dy, w, m, n, k));
        (double[] dw, double[] dbias) = Linear.BackwardWeight(dy, x, m, n, k);
        Tolerance.FiniteDifferences.Check(FiniteDifference.Gradient(w, dy, moved => Linear.Forward(x, moved, bias, m, n, k)), dw);
        Tolerance.FiniteDifferences.Check(FiniteDifference.Gradient(bias, dy, moved => Linear.Forward(x, w, moved, m, n, k)), dbias);
    }

    [Fact]
    public void Variants_threads_and_places_give_the_same_bits()
    {
        (int m, int n, int k) = (301, 70, 700);
        double[] x = Numbers.Normal(m * k, 1), w = Numbers.Normal(n * k, 2);
        float[]? first = null;
        foreach (string variant in Sgemm.Variants)
            foreach (int threads in new[] { 1, 2, 5 })
            {
                using CpuBackend backend = new(threads, variant);
                using GuardedMatrix gx = new(backend, m, k, x), gw = new(backend, n, k, w), y = new(backend, m, n), alone = new(backend, 1, n);
                backend.LinearForward(gx, gw, default, y);
                first ??= y.Floats;
                Assert.True(first.AsSpan().SequenceEqual(y.Floats), $"{variant} on {threads} threads");
                backend.LinearForward(gx.Matrix.Slice(299, 1), gw, default, alone);
                Assert.Equal(first.AsSpan(299 * n, n).ToArray(), alone.Floats);
            }
    }

    [Fact]
    public void An_unknown_variant_is_named() =>
        Assert.Contains("'fast'", Assert.Throws<ArgumentException>(() => new CpuBackend(1, "fast")).Message, StringComparison.Ordinal);
}

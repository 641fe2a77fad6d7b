using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCse.Cpu.Gemm;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class LinearTests
{
    // Past the edges of every tile (4, 6, 12 rows; 4, 16, 32 columns) and block (256 deep, 240 rows).
    static readonly (int M, int N, int K)[] Sizes =
    [
        (0, 3, 2), (1, 1, 1), (2, 3, 0), (3, 2, 5), (13, 33, 31), (12, 32, 256), (25, 65, 257),
        (241, 70, 19), (481, 5, 600), (1, 3100, 9), (7, 200, 513),
    ];

    /// <summary>Every variant of the matrix product with every size; large sizes are marked exhaustive.</summary>
    public static TheoryData<string, int, int, int> Cases
    {
        get
        {
            TheoryData<string, int, int, int> cases = [];
            foreach (string variant in Sgemm.Variants)
                foreach ((int m, int n, int k) in Sizes)
                {
                    TheoryDataRow<string, int, int, int> row = new(variant, m, n, k);
                    cases.Add(m * n * k < 500_000 ? row : TestCategory.MarkExhaustive(row));
                }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_product_equals_the_reference(string variant, int m, int n, int k)
    {
        using LinearCase linear = new(new CpuBackend(2, variant), m, n, k);
        CheckEveryProduct(linear, m, n, k);
    }

    [Theory]
    [InlineData(0, 8, 8)]
    [InlineData(1, 8, 16)]
    [InlineData(2, 24, 8, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(13, 32, 64)]
    [InlineData(37, 64, 24, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(130, 40, 136, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(31, 32, 8, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(128, 104, 8, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(257, 72, 8)]
    [InlineData(4129, 8, 8, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    public void On_CUDA_every_product_equals_the_reference(int m, int n, int k)
    {
        using LinearCase linear = new(Backends.Create(Backends.Cuda), m, n, k);
        CheckEveryProduct(linear, m, n, k);
    }

    static void CheckEveryProduct(LinearCase linear, int m, int n, int k)
    {
        linear.Forward();
        Tolerance.Chain(k).Check(linear.ExpectedY, linear.Y.Values, "y");

        double[] dx = linear.ExpectedDx;
        linear.BackwardInput(accumulate: false);
        Tolerance.Chain(n).Check(dx, linear.Dx.Values, "dx");
        linear.BackwardInput(accumulate: true);
        Tolerance.Chain(2 * n).Check([.. dx.Select(value => 2 * value)], linear.Dx.Values, "2 dx");

        (double[] dw, double[] dbias) = linear.ExpectedWeightGradients;
        linear.BackwardWeight();
        Tolerance.Chain(m).Check(dw, linear.Dw.Values, "dw");
        Tolerance.Chain(m).Check(dbias, linear.Dbias.Values, "dbias");
    }

    /// <summary>Stacks with gaps of one row between their matrices, on every backend.</summary>
    [Theory]
    [MemberData(nameof(StackCases))]
    public void Weight_gradients_of_a_stack_equal_the_reference(string device, int m, bool accumulate)
    {
        const int count = 3;
        const int n = 16;
        const int k = 24;
        using IBackend backend = Backends.Create(device);
        using GuardedMatrix dy = new(backend, count * (m + 1), n, Numbers.Normal(count * (m + 1) * n, 1));
        using GuardedMatrix x = new(backend, count * (m + 1), k, Numbers.Normal(count * (m + 1) * k, 2));
        using GuardedMatrix dw = new(backend, count * (n + 1), k, Numbers.Normal(count * (n + 1) * k, 3));
        using GuardedMatrix dbias = new(backend, count * 2, n, Numbers.Normal(count * 2 * n, 4));
        backend.LinearBackwardWeight(
            Stack(dy, m, count), Stack(x, m, count), accumulate, Stack(dw, n, count), Stack(dbias, 1, count));
        backend.FinishGradients();

        double[] expectedDw = [.. dw.Initial];
        double[] expectedDbias = [.. dbias.Initial];
        for (int i = 0; i < count; i++)
        {
            double[] dyRows = dy.Initial[(i * (m + 1) * n)..][..(m * n)];
            double[] xRows = x.Initial[(i * (m + 1) * k)..][..(m * k)];
            (double[] gradient, double[] sums) = Linear.BackwardWeight(dyRows, xRows, m, n, k);
            for (int j = 0; j < n * k; j++)
            {
                ref double target = ref expectedDw[i * (n + 1) * k + j];
                target = (accumulate ? target : 0) + gradient[j];
            }
            for (int j = 0; j < n; j++) expectedDbias[2 * i * n + j] += sums[j];
        }
        Tolerance.Chain(m + 1).Check(expectedDw, dw.Values, "dw and the rows between");
        Tolerance.Chain(m + 1).Check(expectedDbias, dbias.Values, "dbias and the rows between");
    }

    public static TheoryData<string, int, bool> StackCases
    {
        get
        {
            TheoryData<string, int, bool> cases = [];
            foreach (ITheoryDataRow row in Backends.All)
                foreach (int m in new[] { 0, 1, 37 })
                    foreach (bool accumulate in new[] { false, true })
                        cases.Add((string)row.GetData()[0]!, m, accumulate);
            return cases;
        }
    }

    static MatrixStack Stack(GuardedMatrix matrix, int rows, int count) =>
        MatrixStack.Of([.. Enumerable.Range(0, count).Select(i => matrix.Matrix.Slice(i * (rows + 1), rows))]);

    [Fact]
    public void The_reference_gradient_equals_finite_differences()
    {
        using LinearCase linear = new(new CpuBackend(1), 3, 4, 5);
        (double[] dw, double[] dbias) = linear.ExpectedWeightGradients;
        Tolerance.FiniteDifferences.Check(linear.DifferenceGradient(linear.X), linear.ExpectedDx);
        Tolerance.FiniteDifferences.Check(linear.DifferenceGradient(linear.W), dw);
        Tolerance.FiniteDifferences.Check(linear.DifferenceGradient(linear.Bias), dbias);
    }

    [Fact]
    public void Variants_threads_and_row_positions_give_the_same_bits()
    {
        const int m = 301;
        const int n = 70;
        const int k = 700;
        const int row = 299;
        double[] x = Numbers.Normal(m * k, 1);
        double[] w = Numbers.Normal(n * k, 2);
        float[]? first = null;
        foreach (string variant in Sgemm.Variants)
            foreach (int threads in new[] { 1, 2, 5 })
            {
                using CpuBackend backend = new(threads, variant);
                using GuardedMatrix deviceX = new(backend, m, k, x);
                using GuardedMatrix deviceW = new(backend, n, k, w);
                using GuardedMatrix y = new(backend, m, n);
                using GuardedMatrix yOfRow = new(backend, 1, n);
                backend.LinearForward(deviceX, deviceW, default, y);
                first ??= y.Floats;
                Assert.True(first.AsSpan().SequenceEqual(y.Floats), $"{variant} on {threads} threads");
                backend.LinearForward(deviceX.Matrix.Slice(row, 1), deviceW, default, yOfRow);
                Assert.Equal(first.AsSpan(row * n, n).ToArray(), yOfRow.Floats);
            }
    }

    [Fact]
    public void A_zero_keeps_its_sign_in_every_row_and_column()
    {
        const int m = 29;
        const int n = 67;
        const int k = 5;
        foreach (string variant in Sgemm.Variants)
        {
            using CpuBackend backend = new(1, variant);
            using GuardedMatrix dy = new(backend, m, k, new double[m * k]);
            using GuardedMatrix w = new(backend, k, n, [.. Enumerable.Repeat(-1.0, k * n)]);
            using GuardedMatrix dx = new(backend, m, n, [.. Enumerable.Repeat(-0.0, m * n)]);
            backend.LinearBackwardInput(dy, w, accumulate: true, dx);
            Assert.All(dx.Floats, value => Assert.True(float.IsNegative(value), variant));
        }
    }

    [Fact]
    public void The_error_names_an_unknown_variant()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => new CpuBackend(1, "fast"));
        Assert.Contains("'fast'", error.Message, StringComparison.Ordinal);
    }
}

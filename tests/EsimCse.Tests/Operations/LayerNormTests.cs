using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class LayerNormTests
{
    const float Rate = 0.25f;

    static readonly int[] Lengths = [3, 1, 6, 2];

    /// <summary>Backend, width, dropout rate; rows that are not representative are marked exhaustive.</summary>
    public static TheoryData<string, int, float> Cases
    {
        get
        {
            TheoryData<string, int, float> cases = [];
            foreach (string device in Backends.Names)
                foreach (int width in new[] { 1, 7, 8, 24, 33, 64, 384, 1000 })
                    foreach (float rate in new[] { 0f, Rate })
                    {
                        if (!Backends.SupportsWidth(device, width)) continue;
                        TheoryDataRow<string, int, float> row = new(device, width, rate);
                        bool isRepresentative = rate == 0 ? width == 8 : width is 1 or 24 or 33 or 384;
                        cases.Add(isRepresentative ? row : TestCategory.MarkExhaustive(row));
                    }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_and_backward_in_place_equal_the_reference(string device, int width, float rate)
    {
        using LayerNormCase norm = new(Backends.Create(device), Lengths, width, rate);
        norm.Forward();
        Tolerance.RowSum.Check(norm.ReferenceForward().Y, norm.Y.Values, "y");

        // dz, the gradient of the residual, overwrites dy.
        norm.Backward(dz: norm.Dy, norm.Dx, norm.Dbias);
        CheckDxInPlaceOfNormalized(device, width, rate, norm.Dx.Floats);
        if (width > 33) return;
        double amplification = 1 + norm.Rstd.Values.Max();
        Tolerance tolerance = new(2e-5 * amplification, 1e-4, "fp32 sums over rows and columns, amplified by 1 / σ");
        tolerance.Check(norm.DifferenceGradient(norm.X), norm.Dx.Values, "dx");
        tolerance.Check(norm.DifferenceGradient(norm.Residual), norm.Dy.Values, "dresidual");
        tolerance.Check(norm.DifferenceGradient(norm.Bias), norm.Dbias.Values, "dbias");
        tolerance.Check(norm.DifferenceGradient(norm.Gamma), norm.Dgamma.Values, "dgamma");
        tolerance.Check(norm.DifferenceGradient(norm.Beta), norm.Dbeta.Values, "dbeta");
    }

    static void CheckDxInPlaceOfNormalized(string device, int width, float rate, float[] dx)
    {
        using LayerNormCase norm = new(Backends.Create(device), Lengths, width, rate);
        norm.Forward();
        norm.Backward(norm.Dz, norm.X, norm.Dbias);
        Assert.Equal(dx, norm.X.Floats);
    }

    // Past the edges of a block's elements, of a block's rows (two groups of 4 up to width 1024, then one; more above
    // 2048 rows) and of the widths that registers hold (1024 forward, 2048 backward).
    [Theory]
    [InlineData(0, 8)]
    [InlineData(1, 16)]
    [InlineData(4, 24, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(5, 256)]
    [InlineData(11, 256)]
    [InlineData(9, 640, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(13, 768, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(17, 1024, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(9, 1032)]
    [InlineData(5, 2048, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(17, 2056, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(11, 4104, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(4107, 8, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    public void On_CUDA_any_rows_and_widths_equal_the_reference(int rows, int width)
    {
        int[] lengths = [.. Enumerable.Repeat(5, rows / 5), rows % 5];
        double[] before = Numbers.Normal(width, 7);
        using LayerNormCase norm = new(Backends.Create(Backends.Cuda), lengths, width, Rate, lengths.Length, before);
        norm.Forward();
        Tolerance.RowSum.Check(norm.ReferenceForward().Y, norm.Y.Values, "y");

        norm.Backward(norm.Dz, norm.Dx, norm.Dbias);
        LayerNorm.Gradients expected = norm.ReferenceBackward();
        Tolerance.RowSum.Check(expected.Dz, norm.Dz.Values, "dz");
        Tolerance.RowSum.Check(expected.Dx, norm.Dx.Values, "dx");
        CheckAdded(expected.Dbias, norm.Dbias, rows, "dbias");
        CheckAdded(expected.Dgamma, norm.Dgamma, rows, "dgamma");
        CheckAdded(expected.Dbeta, norm.Dbeta, rows, "dbeta");
        CheckAliases(norm);
    }

    /// <summary>
    /// Checks that dz may be dy and, without dropout, dx may be dz or absent: the results equal Dz; and that dx may be
    /// the normalized rows: the result equals Dx.
    /// </summary>
    static void CheckAliases(LayerNormCase norm)
    {
        float[] dz = norm.Dz.Floats;
        norm.Backward(dz: norm.Dy, dx: default, dbias: default);
        Assert.Equal(dz, norm.Dy.Floats);
        foreach (bool withDx in new[] { true, false })
        {
            norm.Dy.Upload(norm.Dy.Initial);
            norm.Dbias.Upload(norm.Dbias.Initial);
            norm.Backward(dz: norm.Dy, dx: withDx ? norm.Dy.Matrix : default, norm.Dbias, withDropout: false);
            Assert.Equal(dz, norm.Dy.Floats);
            CheckAdded(ColumnSums(norm.Dz), norm.Dbias, norm.Rows, "dbias");
        }
        norm.Dy.Upload(norm.Dy.Initial);
        norm.Backward(dz: norm.Dy, dx: norm.X, norm.Dbias);
        Assert.Equal(norm.Dx.Floats, norm.X.Floats);
    }

    [Fact]
    public void The_reference_gradient_equals_finite_differences()
    {
        using LayerNormCase norm = new(new CpuBackend(1), [3], columns: 5, Rate);
        LayerNorm.Output forward = norm.ReferenceForward();
        LayerNorm.Gradients gradients = norm.ReferenceBackward(forward.Normalized, forward.Rstd);
        Tolerance.FiniteDifferences.Check(norm.DifferenceGradient(norm.X), gradients.Dx, "dx");
        Tolerance.FiniteDifferences.Check(norm.DifferenceGradient(norm.Residual), gradients.Dz, "dresidual");
        Tolerance.FiniteDifferences.Check(norm.DifferenceGradient(norm.Bias), gradients.Dbias, "dbias");
        Tolerance.FiniteDifferences.Check(norm.DifferenceGradient(norm.Gamma), gradients.Dgamma, "dgamma");
        Tolerance.FiniteDifferences.Check(norm.DifferenceGradient(norm.Beta), gradients.Dbeta, "dbeta");
    }

    [Fact]
    public void Dx_may_be_absent_only_without_dropout_and_the_bias_still_has_its_gradient()
    {
        using LayerNormCase norm = new(new CpuBackend(1), Lengths, columns: 24, Rate);
        norm.ForwardOfXOnly();
        norm.Backward(norm.Dz, dx: default, norm.Dbias, withDropout: false);
        Tolerance.RowSum.Check(ColumnSums(norm.Dz), norm.Dbias.Values, "dbias");
        Assert.Throws<ArgumentException>(() => norm.Backward(norm.Dz, dx: default, norm.Dbias, withDropout: true));
    }

    [Fact]
    public void Without_offsets_each_row_is_the_first_of_its_sentence()
    {
        const int sentences = 4;
        const int n = 40;
        using CpuBackend backend = new(1);
        using DeviceBatch batch = new(backend, Lengths);
        double[] ones = [.. Enumerable.Repeat(1.0, n)];
        double[] zeros = new double[n];
        using GuardedMatrix x = new(backend, sentences, n, Numbers.Normal(sentences * n, 1));
        using GuardedMatrix gamma = new(backend, 1, n, ones);
        using GuardedMatrix beta = new(backend, 1, n, zeros);
        using GuardedMatrix y = new(backend, sentences, n);
        DropoutMask dropout = batch.Mask(0.3f, sentencesPerView: 2);
        backend.LayerNormForward(x, default, default, default, dropout, gamma, beta, 1e-5f, default, default, y);

        double[] mask = [.. Enumerable.Range(0, sentences).SelectMany(s => batch.SentenceMultipliers(0.3f, 2, s, n))];
        double[] residual = new double[sentences * n];
        double[] expected = LayerNorm.Forward(x.Initial, zeros, residual, mask, ones, zeros, 1e-5, sentences, n).Y;
        Tolerance.RowSum.Check(expected, y.Values);
    }

    static void CheckAdded(double[] sum, GuardedMatrix gradient, int rows, string name) =>
        Tolerance.Chain(rows).Check([.. sum.Zip(gradient.Initial, (a, b) => a + b)], gradient.Values, name);

    static double[] ColumnSums(GuardedMatrix matrix)
    {
        double[] sums = new double[matrix.Matrix.Columns];
        foreach (double[] row in matrix.Values.Chunk(sums.Length))
            for (int column = 0; column < sums.Length; column++) sums[column] += row[column];
        return sums;
    }
}

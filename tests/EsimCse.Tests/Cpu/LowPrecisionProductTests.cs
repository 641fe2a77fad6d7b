using EsimCse.Core;
using EsimCse.Cpu;
using EsimCse.Cpu.Gemm.LowPrecision;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cpu;

public class LowPrecisionProductTests
{
    static readonly (int M, int N, int K)[] Sizes =
    [
        (1, 1, 1), (2, 3, 5), (4, 32, 4), (5, 33, 6), (8, 64, 31), (12, 65, 64), (13, 31, 130), (7, 33, 777),
        (253, 40, 33), (401, 33, 130),
    ];

    public static TheoryData<string, bool> ByteTiles => Names(LowPrecisionTile.OfBytes);

    public static TheoryData<string> BFloat16Tiles => [.. LowPrecisionTile.OfBFloat16.Select(tile => tile.Name)];

    /// <summary>Checks every kernel by name, without a bias and with one.</summary>
    [Theory]
    [MemberData(nameof(ByteTiles))]
    public void Products_of_bytes_equal_the_quantized_reference(string tile, bool hasBias)
    {
        Int8Format format = new(LowPrecisionTile.OfBytes.Single(known => known.Name == tile).Tile);
        foreach ((int m, int n, int k) in Sizes)
        {
            (double[] x, double[] w, double[] bias) = Draw(m, n, k, hasBias);
            double[] y = Linear.Forward(
                Rows(x, k, QuantizeActivation), Rows(w, k, QuantizeWeight), bias, m, n, k);
            Tolerance.RowSum.Check(y, Multiply(format, x, w, hasBias ? bias : null, m, n, k), $"y of {m}, {n}, {k}");
        }
    }

    [Theory]
    [MemberData(nameof(BFloat16Tiles))]
    public void Products_of_bf16_equal_the_rounded_reference(string tile)
    {
        BFloat16Format format = new(LowPrecisionTile.OfBFloat16.Single(known => known.Name == tile).Tile);
        foreach ((int m, int n, int k) in Sizes)
        {
            (double[] x, double[] w, double[] bias) = Draw(m, n, k, hasBias: true);
            double[] y = Linear.Forward(Round(x), Round(w), bias, m, n, k);
            Tolerance.Chain(k).Check(y, Multiply(format, x, w, bias, m, n, k), $"y of {m}, {n}, {k}");
        }
    }

    [Fact]
    public void Rows_of_zeros_and_of_extreme_numbers_keep_their_scale()
    {
        Int8Format format = new(LowPrecisionTile.OfBytes[0].Tile);
        double[] x = [0, 0, 0, 0, 1e30, -1e30, 1e30, 1e30, 1e-30, 0, 0, -1e-30, 5, 5, 5, 5, 7, 7, 7, 7.001];
        double[] y = Multiply(format, x, [1, 1, 1, 1], null, 5, 1, 4);
        Assert.Equal(0, y[0]);
        Assert.Equal(2e30, y[1], 1e25);
        Assert.Equal(0, y[2], 1e-36);
        Assert.Equal(20, y[3], 2e-4);
        Assert.Equal(28.001, y[4], 2e-4);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_number_that_is_not_finite_is_not_hidden(double number)
    {
        Int8Format format = new(LowPrecisionTile.OfBytes[0].Tile);
        double[] y = Multiply(format, [1, number, 2, 3, 1, 1, 1, 1], [1, 2, 3, 4], null, 2, 1, 4);
        Assert.True(double.IsNaN(y[0]));
        Assert.Equal(10, y[1], 0.1);
    }

    /// <summary>Compares one thread with five, and a row with all.</summary>
    [Theory]
    [InlineData(ElementType.Int8)]
    [InlineData(ElementType.BFloat16)]
    public void A_row_has_the_same_bits_in_any_batch_and_on_any_number_of_threads(ElementType type)
    {
        const int m = 300, n = 70, k = 50;
        float[] all = Run(1, m);
        Assert.Equal(all, Run(5, m));
        Assert.Equal(all[..n], Run(2, 1));

        float[] Run(int threads, int rows)
        {
            using CpuBackend backend = new(threads);
            using GuardedMatrix x = new(backend, rows, k, Numbers.Normal(m * k, 1)[..(rows * k)]);
            using GuardedMatrix w = new(backend, n, k, Numbers.Normal(n * k, 2));
            using GuardedMatrix y = new(backend, rows, n);
            using IDisposable frozen = backend.FreezeWeights([w.Matrix], type);
            backend.LinearForward(x, w, default, y);
            return y.Floats;
        }
    }

    static double[] Multiply(
        LowPrecisionFormat format, double[] x, double[] w, double[]? bias, int m, int n, int k)
    {
        using CpuBackend backend = new(1);
        using GuardedMatrix xMatrix = new(backend, m, k, x);
        using GuardedMatrix wMatrix = new(backend, n, k, w);
        using GuardedMatrix biasMatrix = new(backend, 1, n, bias ?? new double[n]);
        using GuardedMatrix y = new(backend, m, n);
        using WorkerPool pool = new(2);
        using LowPrecisionWeight weight = new(format, wMatrix);
        using LowPrecisionGemm gemm = new(pool);
        gemm.Multiply(xMatrix, weight, bias is null ? default : biasMatrix.Matrix, y);
        return y.Values;
    }

    static (double[] X, double[] W, double[] Bias) Draw(int m, int n, int k, bool hasBias) => (
        Single(Numbers.Normal(m * k, 1)),
        Single(Numbers.Normal(n * k, 2)),
        hasBias ? Single(Numbers.Normal(n, 3)) : new double[n]);

    static double[] Single(double[] values) => [.. values.Select(value => (double)(float)value)];

    static double[] Round(double[] values) => [.. values.Select(RoundToBFloat16)];

    /// <summary>Keeps eight bits of the significand, ties to even.</summary>
    static double RoundToBFloat16(double value)
    {
        if (value == 0) return 0;
        double unit = Math.Pow(2, Math.Floor(Math.Log2(Math.Abs(value))) - 7);
        return Math.Round(value / unit, MidpointRounding.ToEven) * unit;
    }

    /// <summary>Rounds to 127 steps of the largest weight on both sides of 0.</summary>
    static double[] QuantizeWeight(double[] row)
    {
        float largest = (float)row.Max(Math.Abs);
        return [.. row.Select(value => Math.Round(value * (127 / largest)) * (largest / 127))];
    }

    /// <summary>Rounds to 126 steps on both sides of the middle of a row.</summary>
    static double[] QuantizeActivation(double[] row)
    {
        float middle = 0.5f * (float)row.Min() + 0.5f * (float)row.Max();
        float magnitude = Math.Max((float)row.Max() - middle, Math.Abs(middle) / 16384);
        return [.. row.Select(value => Math.Round(value * (126 / magnitude)) * (magnitude / 126))];
    }

    static double[] Rows(double[] values, int columns, Func<double[], double[]> function) =>
        [.. values.Chunk(columns).SelectMany(function)];

    static TheoryData<string, bool> Names(IEnumerable<(string Name, LowPrecisionTile Tile)> tiles)
    {
        TheoryData<string, bool> all = [];
        foreach ((string name, _) in tiles)
        {
            all.Add(name, false);
            all.Add(name, true);
        }
        return all;
    }
}

using EsimCse.Cpu.Vectors;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cpu;

/// <summary>Both implementations of sixteen lanes, whatever registers this processor has.</summary>
public class LanesTests
{
    static readonly float[] Edges =
    [
        0, -0f, 1, -1, 1e-30f, -1e-30f, 0.6249f, 0.6251f, 4, -4, 13, -13, 87.2f, -87.2f, -87.4f, 88.2f, 88.5f, -1e30f,
        1e30f, float.PositiveInfinity, float.NegativeInfinity, float.NaN,
    ];

    static float[] Numbers1000 => [.. Numbers.Normal(1000, 1, 20).Select(value => (float)value), .. Edges];

    [Fact]
    public void Both_give_the_same_bits()
    {
        float[] x = Numbers1000;
        Assert.Equal(Bits(Functions<OneRegister>(x)), Bits(Functions<TwoRegisters>(x)));
        foreach (int length in new[] { 0, 1, 15, 16, 17, 31, 384, 1000 })
        {
            float[] row = x[..length];
            Assert.Equal(VectorMath.Sum<OneRegister>(row), VectorMath.Sum<TwoRegisters>(row));
            Assert.Equal(VectorMath.Dot<OneRegister>(row, row), VectorMath.Dot<TwoRegisters>(row, row));
        }
    }

    [Fact]
    public void Exp_is_within_a_unit_in_the_last_place()
    {
        float[] x = [.. Enumerable.Range(-87_300, 175_600).Select(i => i * 1e-3f)];
        double worst = 0;
        foreach ((float argument, float value) in x.Zip(Run<OneRegister>(x, VectorMath.Exp)))
            worst = Math.Max(worst, Math.Abs(value / Math.Exp(argument) - 1));
        Assert.InRange(worst, 0, Math.Pow(2, -23));
    }

    [Fact]
    public void Exp_of_edges_is_as_stated()
    {
        float[] x = [float.NegativeInfinity, -87.4f, float.NaN, 0, float.PositiveInfinity];
        float[] y = Run<OneRegister>(x, VectorMath.Exp);
        Assert.Equal([0f, 0f, float.NaN, 1f], y[..4]);
        Assert.Equal(Math.Exp(88.3), y[4], 1e-5 * Math.Exp(88.3));
    }

    static float[] Functions<T>(float[] x) where T : unmanaged, ILanes<T> =>
    [
        .. Run<T>(x, VectorMath.Exp), .. Run<T>(x, VectorMath.Tanh), .. Run<T>(x, VectorMath.Sigmoid),
        .. Run<T>(x, VectorMath.SigmoidSlope), .. Run<T>(x, VectorMath.NormalCdf), .. Run<T>(x, VectorMath.NormalPdf),
    ];

    static float[] Run<T>(float[] x, Func<T, T> function) where T : unmanaged, ILanes<T>
    {
        float[] y = new float[x.Length];
        for (int i = 0; i < x.Length; i += ILanes<T>.Count)
            VectorMath.Store(function(VectorMath.Load<T>(x, i)), y, i);
        return y;
    }

    static IEnumerable<int> Bits(float[] values) => values.Select(BitConverter.SingleToInt32Bits);
}

using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCse.Cpu.Gemm;
using EsimCse.Tests.Operations;

namespace EsimCse.Tests.Cpu;

public class FrozenWeightTests
{
    public static MatrixTheoryData<string, (int, int, int)> Cases => new(
        Sgemm.Variants, [(1, 1, 1), (3, 33, 31), (12, 32, 64), (25, 65, 257), (130, 70, 1100)]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Products_have_the_bits_of_those_of_weights_that_are_not_frozen(
        string variant, (int M, int N, int K) sizes)
    {
        IBackend backend = new CpuBackend(2, variant);
        using LinearCase linear = new(backend, sizes.M, sizes.N, sizes.K);
        linear.Forward();
        float[] expected = linear.Y.Floats;
        using (backend.FreezeWeights([linear.W.Matrix]))
        {
            // The values are kept where they were packed.
            linear.W.Upload([.. linear.W.Initial.Select(_ => 0.0)]);
            linear.Forward();
            Assert.Equal(expected, linear.Y.Floats);
        }
        linear.Forward();
        Assert.NotEqual(expected, linear.Y.Floats);
    }

    [Fact]
    public void Rows_of_a_weight_are_frozen_apart_from_it()
    {
        IBackend backend = new CpuBackend(1);
        using LinearCase linear = new(backend, 5, 40, 24);
        Matrix first = linear.W.Matrix.Slice(0, 16);
        using (backend.FreezeWeights([first, first]))
        {
            linear.W.Upload([.. linear.W.Initial.Select(_ => 0.0)]);
            linear.Forward();
            double[] bias = [.. Enumerable.Range(0, 5 * 40).Select(i => linear.Bias.Initial[i % 40])];
            Assert.Equal(bias.Select(value => (float)value), linear.Y.Floats);
        }
    }
}

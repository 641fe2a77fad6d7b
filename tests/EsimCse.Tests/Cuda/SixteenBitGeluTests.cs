using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;
using Function = EsimCse.Core.Backend.Activation;

namespace EsimCse.Tests.Cuda;

/// <summary>GELU in 16 bits at every number that the type has.</summary>
public class SixteenBitGeluTests
{
    /// <summary>A share of a result's terms: 4e-6 for the approximation of Φ, the rest for that of exp.</summary>
    const double Error = 1.5e-5;

    [Theory]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.Float16)]
    public void Every_result_is_as_near_as_rounding_and_the_approximation_allow(ElementType type)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        double[] numbers = [.. Enumerable.Range(0, 1 << 16).Select(bits => Cast.Widen((ushort)bits, type))];
        using GuardedMatrix x = new(cuda, 256, 256, numbers, type);
        using GuardedMatrix y = new(cuda, 256, 256, type);
        using GuardedMatrix ones = new(cuda, 256, 256, [.. numbers.Select(_ => 1.0)], type);
        using GuardedMatrix dx = new(cuda, 256, 256, type);
        cuda.ActivationForward(x, Function.Gelu, y);
        cuda.ActivationBackward(ones, x, Function.Gelu, dx, default);
        (double[] values, double[] slopes) = (y.Values, dx.Values);
        for (int i = 0; i < numbers.Length; i++)
        {
            double number = numbers[i];
            if (!double.IsFinite(number))
            {
                // At negative infinity the product of infinity and 0 is not a number, as in PyTorch.
                bool isPositive = number > 0;
                Assert.True(isPositive ? double.IsPositiveInfinity(values[i]) : double.IsNaN(values[i]));
                continue;
            }
            double exact = Reference.Activation.Value(number, Function.Gelu);
            double cdf = number == 0 ? 0.5 : exact / number;
            double density = number * Math.Exp(-number * number / 2) / Math.Sqrt(2 * Math.PI);
            Check(number, exact, Math.Abs(exact), values[i], type);
            Check(number, cdf + density, cdf + Math.Abs(density), slopes[i], type);
        }
    }

    static void Check(double x, double exact, double terms, double found, ElementType type)
    {
        double limit = LastPlace(exact, type) / 2 + Error * terms;
        Assert.True(Math.Abs(found - exact) <= limit, $"at {x:R}: found {found:R}, exact {exact:R}");
    }

    /// <summary>Returns the distance of the type's numbers at a number's size.</summary>
    static double LastPlace(double number, ElementType type)
    {
        (int digits, int smallest) = type == ElementType.BFloat16 ? (7, -126) : (10, -14);
        int exponent = number == 0 ? smallest : Math.Max(Math.ILogB(number), smallest);
        return Math.ScaleB(1, exponent - digits);
    }
}

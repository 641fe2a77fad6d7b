using EsimCse.Core;
using EsimCse.Formats;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Formats;

public class Float16RowsTests
{
    /// <summary>Returns the bits of the fp16 nearest to a value, of two the even ones, by a search of all.</summary>
    static ushort Nearest(double value)
    {
        ushort best = 0;
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            double candidate = (double)BitConverter.UInt16BitsToHalf((ushort)bits);
            if (!double.IsFinite(candidate) || double.IsNegative(candidate) != double.IsNegative(value)) continue;
            double error = Math.Abs(candidate - value);
            double smallest = Math.Abs((double)BitConverter.UInt16BitsToHalf(best) - value);
            bool isBetter = error < smallest || (error == smallest && bits % 2 == 0);
            if (isBetter || double.IsNegative(value) != (best >= 0x8000)) best = (ushort)bits;
        }
        return best;
    }

    [Fact]
    public void Elements_are_the_nearest_fp16()
    {
        float[] values = [0, -0f, 1, -1.00048828125f, 1.00146484375f, 65519, -65504, 1e-8f, 6e-8f, 1f / 3, -0.1f];
        float[][] vectors = [values, [.. VectorSamples.Normal(1, values.Length)[0]]];
        Float16Rows rows = new(VectorSamples.InChunks(vectors, values.Length));
        Half[] halves = [.. rows.Chunks().SelectMany(chunk => chunk)];
        foreach ((int index, float value) in vectors.SelectMany(vector => vector).Index())
            Assert.Equal(Nearest(value), BitConverter.HalfToUInt16Bits(halves[index]));
    }

    [Theory]
    [InlineData(65520f)]
    [InlineData(-1e10f)]
    public void An_element_beyond_the_range_is_named_by_its_row(float wrong)
    {
        float[][] vectors = VectorSamples.Normal(9, 3);
        vectors[7][2] = wrong;
        Float16Rows rows = new(VectorSamples.InChunks(vectors, 3));
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => rows.Chunks().Count());
        string expected = FormattableString.Invariant($"row 8: found {wrong}, ");
        Assert.StartsWith(expected, error.Message, StringComparison.Ordinal);
    }
}

using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public void TanhForward(Matrix x, Matrix y)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            Span<float> source = Row(x, row), target = Row(y, row);
            for (int i = 0; i < source.Length; i++) target[i] = MathF.Tanh(source[i]);
        }
    }

    /// <inheritdoc/>
    public void TanhBackward(Matrix dy, Matrix y, Matrix dx)
    {
        for (int row = 0; row < y.Rows; row++)
        {
            Span<float> slope = Row(dy, row), value = Row(y, row), target = Row(dx, row);
            for (int i = 0; i < value.Length; i++) target[i] = slope[i] * (1 - value[i] * value[i]);
        }
    }
}

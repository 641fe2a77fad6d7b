using EsimCse.Core.Backend;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public void TanhForward(Matrix x, Matrix y)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            Span<float> xRow = Row(x, row);
            Span<float> yRow = Row(y, row);
            for (int i = 0; i < xRow.Length; i++) yRow[i] = MathF.Tanh(xRow[i]);
        }
    }

    /// <inheritdoc/>
    public void TanhBackward(Matrix dy, Matrix y, Matrix dx)
    {
        for (int row = 0; row < y.Rows; row++)
        {
            Span<float> dyRow = Row(dy, row);
            Span<float> yRow = Row(y, row);
            Span<float> dxRow = Row(dx, row);
            for (int i = 0; i < yRow.Length; i++) dxRow[i] = dyRow[i] * (1 - yRow[i] * yRow[i]);
        }
    }
}

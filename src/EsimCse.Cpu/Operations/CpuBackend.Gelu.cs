using System.Runtime.Intrinsics;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public void GeluForward(Matrix x, Matrix y) => _pool.For(x.Rows, 4, (from, to) =>
    {
        for (int row = from; row < to; row++) Gelu(Row(x, row), Row(y, row));
    });

    /// <inheritdoc/>
    public void GeluBackward(Matrix dy, Matrix x, Matrix dx) => _pool.For(x.Rows, 4, (from, to) =>
    {
        for (int row = from; row < to; row++) GeluGradient(Row(dy, row), Row(x, row), Row(dx, row));
    });

    static void Gelu(ReadOnlySpan<float> x, Span<float> y)
    {
        for (int i = 0; i < x.Length; i += Vector512<float>.Count)
        {
            Vector512<float> value = VectorMath.Load(x, i);
            VectorMath.Store(value * VectorMath.NormalCdf(value), y, i);
        }
    }

    static void GeluGradient(ReadOnlySpan<float> dy, ReadOnlySpan<float> x, Span<float> dx)
    {
        for (int i = 0; i < x.Length; i += Vector512<float>.Count)
        {
            Vector512<float> value = VectorMath.Load(x, i);
            Vector512<float> derivative = VectorMath.NormalCdf(value) + value * VectorMath.NormalPdf(value);
            VectorMath.Store(VectorMath.Load(dy, i) * derivative, dx, i);
        }
    }
}

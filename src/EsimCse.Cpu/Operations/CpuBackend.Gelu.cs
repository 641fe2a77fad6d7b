using System.Runtime.Intrinsics;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public void GeluForward(Matrix x, Matrix y) => _cores.For(x.Rows, 4, new Gelu(x, y));

    /// <inheritdoc/>
    public void GeluBackward(Matrix dy, Matrix x, Matrix dx) => _cores.For(x.Rows, 4, new GeluSlope(dy, x, dx));

    readonly struct Gelu(Matrix x, Matrix y) : IRangeBody
    {
        public unsafe void Run(int from, int to)
        {
            for (int row = from; row < to; row++)
            {
                ReadOnlySpan<float> source = Row(x, row);
                Span<float> target = Row(y, row);
                for (int i = 0; i < source.Length; i += Vector512<float>.Count)
                {
                    Vector512<float> value = Load(source, i);
                    Store(value * VectorMath.NormalCdf(value), target, i);
                }
            }
        }
    }

    readonly struct GeluSlope(Matrix dy, Matrix x, Matrix dx) : IRangeBody
    {
        public unsafe void Run(int from, int to)
        {
            for (int row = from; row < to; row++)
            {
                ReadOnlySpan<float> source = Row(x, row), slope = Row(dy, row);
                Span<float> target = Row(dx, row);
                for (int i = 0; i < source.Length; i += Vector512<float>.Count)
                {
                    Vector512<float> value = Load(source, i);
                    Vector512<float> derivative = VectorMath.NormalCdf(value) + value * VectorMath.NormalPdf(value);
                    Store(Load(slope, i) * derivative, target, i);
                }
            }
        }
    }

    /// <summary>16 elements from i on, zeros past the end.</summary>
    static Vector512<float> Load(ReadOnlySpan<float> source, int i)
    {
        if (i <= source.Length - Vector512<float>.Count) return Vector512.Create(source.Slice(i, Vector512<float>.Count));
        Span<float> whole = stackalloc float[Vector512<float>.Count];
        whole.Clear();
        source[i..].CopyTo(whole);
        return Vector512.Create((ReadOnlySpan<float>)whole);
    }

    static void Store(Vector512<float> values, Span<float> target, int i)
    {
        if (i <= target.Length - Vector512<float>.Count) values.CopyTo(target[i..]);
        else for (int lane = 0; i + lane < target.Length; lane++) target[i + lane] = values[lane];
    }
}

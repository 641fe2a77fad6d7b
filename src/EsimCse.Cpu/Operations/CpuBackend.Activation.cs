using System.Diagnostics;
using System.Numerics;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public void ActivationForward(Matrix x, Activation activation, Matrix y) => _pool.For(x.Rows, 4, (from, to) =>
    {
        for (int row = from; row < to; row++) ActivateRow(Row(x, row), activation, Row(y, row));
    });

    /// <inheritdoc/>
    public void ActivationBackward(Matrix dy, Matrix x, Activation activation, Matrix dx, Matrix dbias)
    {
        _pool.For(x.Rows, 4, (from, to) =>
        {
            for (int row = from; row < to; row++)
                ActivateRowBackward(Row(dy, row), Row(x, row), activation, Row(dx, row));
        });
        if (dbias.IsPresent) AddColumnSums(dx, dbias);
    }

    static void ActivateRow(ReadOnlySpan<float> x, Activation activation, Span<float> y)
    {
        switch (activation)
        {
            case Activation.Gelu: Forward<GeluFunction>(x, y); break;
            case Activation.GeluTanh: Forward<GeluTanhFunction>(x, y); break;
            case Activation.Relu: Forward<ReluFunction>(x, y); break;
            case Activation.Tanh: Forward<TanhFunction>(x, y); break;
            case Activation.Sigmoid: Forward<SigmoidFunction>(x, y); break;
            default: throw new UnreachableException();
        }
    }

    static void ActivateRowBackward(
        ReadOnlySpan<float> dy, ReadOnlySpan<float> x, Activation activation, Span<float> dx)
    {
        switch (activation)
        {
            case Activation.Gelu: Backward<GeluFunction>(dy, x, dx); break;
            case Activation.GeluTanh: Backward<GeluTanhFunction>(dy, x, dx); break;
            case Activation.Relu: Backward<ReluFunction>(dy, x, dx); break;
            case Activation.Tanh: Backward<TanhFunction>(dy, x, dx); break;
            case Activation.Sigmoid: Backward<SigmoidFunction>(dy, x, dx); break;
            default: throw new UnreachableException();
        }
    }

    static void Forward<T>(ReadOnlySpan<float> x, Span<float> y) where T : struct, IActivationFunction
    {
        int i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
            T.Forward(new Vector<float>(x[i..])).CopyTo(y[i..]);
        if (i < x.Length) VectorMath.Store(T.Forward(VectorMath.Load(x, i)), y, i);
    }

    static void Backward<T>(ReadOnlySpan<float> dy, ReadOnlySpan<float> x, Span<float> dx)
        where T : struct, IActivationFunction
    {
        int i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> gradient = new(dy[i..]);
            T.Backward(gradient, new Vector<float>(x[i..])).CopyTo(dx[i..]);
        }
        if (i < x.Length) VectorMath.Store(T.Backward(VectorMath.Load(dy, i), VectorMath.Load(x, i)), dx, i);
    }
}

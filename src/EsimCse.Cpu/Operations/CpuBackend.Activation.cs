using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;
using EsimCse.Cpu.Vectors;

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
        if (VectorMath.HasWideRegisters) Forward<T, OneRegister>(x, y);
        else Forward<T, TwoRegisters>(x, y);
    }

    [MethodImpl(Kernel.Options)]
    static void Forward<T, TLanes>(ReadOnlySpan<float> x, Span<float> y)
        where T : struct, IActivationFunction where TLanes : unmanaged, ILanes<TLanes>
    {
        ref float firstX = ref MemoryMarshal.GetReference(x);
        ref float firstY = ref MemoryMarshal.GetReference(y);
        int i = 0;
        for (; i <= x.Length - ILanes<TLanes>.Count; i += ILanes<TLanes>.Count)
            T.Forward(TLanes.Load(ref firstX, i)).Store(ref firstY, i);
        if (i < x.Length) VectorMath.Store(T.Forward(VectorMath.Load<TLanes>(x, i)), y, i);
    }

    static void Backward<T>(ReadOnlySpan<float> dy, ReadOnlySpan<float> x, Span<float> dx)
        where T : struct, IActivationFunction
    {
        if (VectorMath.HasWideRegisters) Backward<T, OneRegister>(dy, x, dx);
        else Backward<T, TwoRegisters>(dy, x, dx);
    }

    [MethodImpl(Kernel.Options)]
    static void Backward<T, TLanes>(ReadOnlySpan<float> dy, ReadOnlySpan<float> x, Span<float> dx)
        where T : struct, IActivationFunction where TLanes : unmanaged, ILanes<TLanes>
    {
        ref float firstDy = ref MemoryMarshal.GetReference(dy);
        ref float firstX = ref MemoryMarshal.GetReference(x);
        ref float firstDx = ref MemoryMarshal.GetReference(dx);
        int i = 0;
        for (; i <= x.Length - ILanes<TLanes>.Count; i += ILanes<TLanes>.Count)
            T.Backward(TLanes.Load(ref firstDy, i), TLanes.Load(ref firstX, i)).Store(ref firstDx, i);
        if (i == x.Length) return;
        VectorMath.Store(T.Backward(VectorMath.Load<TLanes>(dy, i), VectorMath.Load<TLanes>(x, i)), dx, i);
    }
}

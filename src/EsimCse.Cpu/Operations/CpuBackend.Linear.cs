using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Gemm;
using EsimCse.Cpu.Gemm.LowPrecision;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public void LinearForward(Matrix x, Matrix w, Matrix bias, Matrix y)
    {
        bool fits = x.Columns == w.Columns && x.Rows == y.Rows && w.Rows == y.Columns;
        if (!fits) ThrowShapesDoNotFit(x, w, y);
        if (x.Type == ElementType.Int8)
        {
            ByteGemm.Multiply(_pool, VectorTile.AllOfBytes[0].Tile, x, w, y);
            return;
        }
        Operand rows = Operand.NoTranspose(x);
        switch (_frozen.Find(w))
        {
            case PackedMatrix packed: _sgemm.Multiply(rows, packed, bias, y); break;
            case LowPrecisionWeight weight: _lowPrecision.Multiply(x, weight, bias, y); break;
            default: _sgemm.Multiply(rows, Operand.Transposed(w), x.Columns, accumulate: false, bias, y); break;
        }
    }

    /// <inheritdoc/>
    public void LinearBackwardInput(Matrix dy, Matrix w, bool accumulate, Matrix dx)
    {
        bool fits = dy.Columns == w.Rows && dy.Rows == dx.Rows && w.Columns == dx.Columns;
        if (!fits) ThrowShapesDoNotFit(dy, w, dx);
        _sgemm.Multiply(Operand.NoTranspose(dy), Operand.NoTranspose(w), dy.Columns, accumulate, dx);
    }

    /// <inheritdoc/>
    public void LinearBackwardWeight(
        MatrixStack dy, MatrixStack x, bool accumulate, MatrixStack dw, MatrixStack dbias)
    {
        (int m, int n, int k) = (dy.First.Rows, dy.First.Columns, x.First.Columns);
        bool fits = m == x.First.Rows && n == dw.First.Rows && k == dw.First.Columns;
        if (!fits) ThrowShapesDoNotFit(dy.First, x.First, dw.First);
        for (int i = 0; i < dw.Count; i++)
        {
            _sgemm.Multiply(Operand.Transposed(dy[i]), Operand.NoTranspose(x[i]), m, accumulate, dw[i]);
            if (dbias.IsPresent) AddColumnSums(dy[i], dbias[i]);
        }
    }

    /// <inheritdoc/>
    public void FinishGradients()
    {
        // Nothing is kept in parts.
    }

    /// <summary>Computes sum += Σ rows, partitioned by columns so that each sum keeps the order of the rows.</summary>
    void AddColumnSums(Matrix rows, Matrix sum) => _pool.For(rows.Columns, 64, (from, to) =>
    {
        Span<float> target = Row(sum, 0)[from..to];
        for (int row = 0; row < rows.Rows; row++) TensorPrimitives.Add(target, Row(rows, row)[from..to], target);
    });

    [DoesNotReturn]
    static void ThrowShapesDoNotFit(Matrix a, Matrix b, Matrix c) =>
        throw new ArgumentException($"the shapes do not fit: {a}, {b}, {c}");
}

using System.Numerics.Tensors;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Gemm;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public void LinearForward(Matrix x, Matrix w, Matrix bias, Matrix y)
    {
        Require(x.Columns == w.Columns && x.Rows == y.Rows && w.Rows == y.Columns, x, w, y);
        _gemm.Multiply(Operand.NoTranspose(x), Operand.Transposed(w), x.Columns, accumulate: false, y);
        if (bias.IsPresent) _cores.For(y.Rows, 64, new AddBias(bias, y));
    }

    /// <inheritdoc/>
    public void LinearBackwardInput(Matrix dy, Matrix w, bool accumulate, Matrix dx)
    {
        Require(dy.Columns == w.Rows && dy.Rows == dx.Rows && w.Columns == dx.Columns, dy, w, dx);
        _gemm.Multiply(Operand.NoTranspose(dy), Operand.NoTranspose(w), dy.Columns, accumulate, dx);
    }

    /// <inheritdoc/>
    public void LinearBackwardWeight(Matrix dy, Matrix x, Matrix dw, Matrix dbias)
    {
        Require(dy.Rows == x.Rows && dy.Columns == dw.Rows && x.Columns == dw.Columns, dy, x, dw);
        _gemm.Multiply(Operand.Transposed(dy), Operand.NoTranspose(x), dy.Rows, accumulate: true, dw);
        if (dbias.IsPresent) _cores.For(dy.Columns, 64, new AddRows(dy, dbias));
    }

    static void Require(bool fits, Matrix a, Matrix b, Matrix c)
    {
        if (!fits) throw new ArgumentException($"the shapes do not fit: {a}, {b}, {c}");
    }

    readonly unsafe struct AddBias(Matrix bias, Matrix y) : IRangeBody
    {
        public void Run(int from, int to)
        {
            for (int row = from; row < to; row++)
            {
                Span<float> target = Row(y, row);
                TensorPrimitives.Add(target, Row(bias, 0), target);
            }
        }
    }

    /// <summary>sum += Σ rows, in the order of the rows; the items are columns.</summary>
    readonly unsafe struct AddRows(Matrix rows, Matrix sum) : IRangeBody
    {
        public void Run(int from, int to)
        {
            Span<float> target = Row(sum, 0)[from..to];
            for (int row = 0; row < rows.Rows; row++) TensorPrimitives.Add(target, Row(rows, row)[from..to], target);
        }
    }
}

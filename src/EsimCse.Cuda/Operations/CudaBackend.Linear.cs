using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Matmul;

namespace EsimCse.Cuda;

partial class CudaBackend
{
    const int SummedRowsPerPart = 128;

    /// <inheritdoc/>
    public void LinearForward(Matrix x, Matrix w, Matrix bias, Matrix y)
    {
        MakeCurrent();
        MatmulShape shape = new(w.Rows, x.Rows, x.Columns, TransposeA: true, TransposeB: false, x.Type, y.Type, bias.IsPresent ? bias.Type : null, Accumulate: false);
        _currentStream.Matmuls.Run(shape, rowwise: true, w.Address, x.Address, bias.Address, y.Address);
    }

    /// <inheritdoc/>
    public void LinearBackwardInput(Matrix dy, Matrix w, bool accumulate, Matrix dx)
    {
        MakeCurrent();
        MatmulShape shape = new(w.Columns, dy.Rows, w.Rows, TransposeA: false, TransposeB: false, dy.Type, dx.Type, null, accumulate);
        _currentStream.Matmuls.Run(shape, rowwise: true, w.Address, dy.Address, 0, dx.Address);
    }

    /// <inheritdoc/>
    public void LinearBackwardWeight(Matrix dy, Matrix x, Matrix dw, Matrix dbias)
    {
        if (dy.Rows == 0) return;
        MakeCurrent();
        MatmulShape shape = new(x.Columns, dy.Columns, dy.Rows, TransposeA: false, TransposeB: true, dy.Type, dw.Type, null, Accumulate: true);
        _currentStream.Matmuls.Run(shape, rowwise: false, x.Address, dy.Address, 0, dw.Address);
        if (dbias.IsPresent) AddColumnSums(dy, dbias);
    }

    /// <summary>sums += Σ x over rows.</summary>
    void AddColumnSums(Matrix x, Matrix sums)
    {
        int parts = (x.Rows + SummedRowsPerPart - 1) / SummedRowsPerPart;
        nint partials = Scratch((long)parts * x.Columns * sizeof(float));
        Launch("linear_sums" + Suffix(x), SummedColumns(x.Columns, x.Type.Size(), parts), x, partials, x.Rows, x.Columns);
        Launch("linear_reduce", SummedColumns(x.Columns, sizeof(float), Math.Min(1, parts)), partials, sums, parts, x.Columns);
    }
}

using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cuda.Interop;
using EsimCse.Cuda.Kernels;
using EsimCse.Cuda.Matmul;
using EsimCse.Cuda.Streams;

namespace EsimCse.Cuda;

// cuBLASLt's matrices are column-major: a row-major y [M,N] is its [N,M], so that y = x wᵀ becomes yᵀ = w xᵀ.
unsafe partial class CudaBackend
{
    // sums.cuh's.
    const int SumRowsPerPart = 128;

    /// <inheritdoc/>
    public void LinearForward(Matrix x, Matrix w, Matrix bias, Matrix y) =>
        LinearForward(x, w, bias, batchInvariant: true, y);

    /// <inheritdoc/>
    public void LinearForward(Matrix x, Matrix w, Matrix bias, bool batchInvariant, Matrix y)
    {
        MakeCurrent();
        MatmulShape shape = new(
            Rows: w.Rows,
            Columns: x.Rows,
            Inner: x.Columns,
            TransposeA: true,
            TransposeB: false,
            Input: x.Type,
            Output: y.Type,
            Bias: bias.IsPresent ? bias.Type : null,
            Accumulate: false,
            BatchInvariant: batchInvariant);
        _currentStream.Matmuls.Run(shape, new(w.Address, x.Address, bias.Address, y.Address));
    }

    /// <inheritdoc/>
    public void LinearBackwardInput(Matrix dy, Matrix w, bool accumulate, Matrix dx)
    {
        MakeCurrent();
        MatmulShape shape = new(
            Rows: w.Columns,
            Columns: dy.Rows,
            Inner: w.Rows,
            TransposeA: false,
            TransposeB: false,
            Input: dy.Type,
            Output: dx.Type,
            Bias: null,
            Accumulate: accumulate);
        _currentStream.Matmuls.Run(shape, new(w.Address, dy.Address, 0, dx.Address));
    }

    /// <inheritdoc/>
    public void FinishGradients()
    {
        PendingSums sums = _currentStream.Sums;
        if (sums.Count == 0) return;
        LaunchConfig perSum = PerColumnSums(sums.MaxColumns, sizeof(float), sums.Count);
        fixed (SumTable* table = &sums.Table)
        {
            void* parameter = table;
            Launch("linear_reduce", perSum, &parameter);
        }
        sums.Clear();
    }

    /// <inheritdoc/>
    public void LinearBackwardWeight(
        MatrixStack dy, MatrixStack x, bool accumulate, MatrixStack dw, MatrixStack dbias)
    {
        MakeCurrent();
        if (dy.First.Rows == 0)
        {
            if (!accumulate) Clear(dw);
            return;
        }
        MatmulShape shape = new(
            Rows: x.First.Columns,
            Columns: dy.First.Columns,
            Inner: dy.First.Rows,
            TransposeA: false,
            TransposeB: true,
            Input: dy.First.Type,
            Output: dw.First.Type,
            Bias: null,
            Accumulate: accumulate,
            Batch: dw.Count > 1 ? new(dw.Count, ElementStride(x), ElementStride(dy), ElementStride(dw)) : null);
        _currentStream.Matmuls.Run(shape, new(x.First.Address, dy.First.Address, 0, dw.First.Address));
        if (dbias.IsPresent) AddColumnSums(dy, dbias);
    }

    static long ElementStride(MatrixStack stack) => stack.Stride / stack.First.Type.Size();

    void Clear(MatrixStack stack)
    {
        for (int i = 0; i < stack.Count; i++)
            CudaDriver.MemsetD8Async(stack[i].Address, 0, (nuint)stack[i].Bytes, _currentStream.Stream).ThrowIfFailed();
    }

    /// <summary>Computes sums += Σ x over rows, for each matrix of the stacks.</summary>
    void AddColumnSums(MatrixStack x, MatrixStack sums)
    {
        (int rows, int columns) = (x.First.Rows, x.First.Columns);
        if (rows == 0) return;
        int parts = CeilingDivide(rows, SumRowsPerPart);
        Matrix[] targets = [.. Enumerable.Range(0, sums.Count).Select(i => sums[i])];
        nint partials = KeepSums(parts, sums.Count * columns, targets);
        LaunchConfig perPart = PerColumnSums(columns, x.First.Type.Size(), parts) with { BlocksZ = sums.Count };
        Launch("linear_sums" + Suffix(x.First), perPart, x.First, ElementStride(x), partials, rows, columns);
    }

    /// <inheritdoc cref="PendingSums.Keep"/>
    nint KeepSums(int parts, int stride, params ReadOnlySpan<Matrix> targets)
    {
        if (!_currentStream.Sums.CanKeep(targets)) FinishGradients();
        return _currentStream.Sums.Keep(parts, stride, targets);
    }
}

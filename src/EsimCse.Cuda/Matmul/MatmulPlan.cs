using EsimCse.Core;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Matmul;

/// <summary>cuBLASLt's descriptors of one shape.</summary>
sealed unsafe class MatmulPlan : IDisposable
{
    /// <summary>
    /// The alignment that cuBLASLt may rely on; 256 by default, but views into a matrix start at any 8th element.
    /// </summary>
    const int OperandAlignment = 16;

    readonly nint _desc;
    readonly nint _aLayout;
    readonly nint _bLayout;
    readonly nint _dLayout;
    readonly bool _hasBias;
    readonly float _beta;

    public MatmulPlan(MatmulShape shape)
    {
        _hasBias = shape.Bias is not null;
        _beta = shape.Accumulate ? 1 : 0;
        CublasLt.MatmulDescCreate(out _desc, CublasComputeType.Compute32F, CudaDataType.R32F).ThrowIfFailed();
        Set(CublasLtMatmulDesc.TransA, (int)Operation(shape.TransposeA));
        Set(CublasLtMatmulDesc.TransB, (int)Operation(shape.TransposeB));
        Set(CublasLtMatmulDesc.Epilogue, (int)(_hasBias ? CublasLtEpilogue.Bias : CublasLtEpilogue.Default));
        if (shape.Bias is { } bias) Set(CublasLtMatmulDesc.BiasDataType, (int)DataType(bias));
        _aLayout = CreateLayout(shape.Input, shape.Rows, shape.Inner, shape.TransposeA);
        _bLayout = CreateLayout(shape.Input, shape.Inner, shape.Columns, shape.TransposeB);
        _dLayout = CreateLayout(shape.Output, shape.Rows, shape.Columns, transpose: false);
        if (shape.Batch is not { } batch) return;
        SetBatch(_aLayout, batch.Count, batch.StrideA);
        SetBatch(_bLayout, batch.Count, batch.StrideB);
        SetBatch(_dLayout, batch.Count, batch.StrideD);
    }

    /// <summary>Writes the algorithms that the heuristic proposes and returns their count.</summary>
    public int GetHeuristics(CublasLtContext context, CublasLtReductionScheme schemes, Span<MatmulHeuristic> results)
    {
        nuint workspaceBytes = CublasLtContext.WorkspaceBytes;
        int alignment = OperandAlignment;
        CublasLt.MatmulPreferenceCreate(out nint preference).ThrowIfFailed();
        try
        {
            SetPreference(preference, CublasLtMatmulPref.MaxWorkspaceBytes, &workspaceBytes, (nuint)sizeof(nuint));
            SetPreference(preference, CublasLtMatmulPref.ReductionSchemeMask, &schemes, sizeof(int));
            for (var operand = CublasLtMatmulPref.MinAlignmentABytes;
                operand <= CublasLtMatmulPref.MinAlignmentDBytes;
                operand++) SetPreference(preference, operand, &alignment, sizeof(int));
            fixed (MatmulHeuristic* first = results)
            {
                CublasStatus status = CublasLt.MatmulAlgoGetHeuristic(context.Handle, _desc,
                    _aLayout, _bLayout, _dLayout, _dLayout, preference,
                    results.Length, first, out int count);
                if (status == CublasStatus.NotSupported) return 0;
                status.ThrowIfFailed("cublasLtMatmulAlgoGetHeuristic");
                return count;
            }
        }
        finally
        {
            CublasLt.MatmulPreferenceDestroy(preference);
        }
    }

    /// <summary>Returns whether an algorithm can compute this product with the workspace there is.</summary>
    public bool Supports(CublasLtContext context, in MatmulAlgorithm algorithm, nint bias)
    {
        SetBias(bias);
        CublasStatus status = CublasLt.MatmulAlgoCheck(
            context.Handle, _desc, _aLayout, _bLayout, _dLayout, _dLayout, algorithm, out MatmulHeuristic result);
        return status == CublasStatus.Success && result.WorkspaceSize <= CublasLtContext.WorkspaceBytes;
    }

    /// <summary>Enqueues the matrix product.</summary>
    public void Run(CublasLtContext context, in MatmulAlgorithm algorithm, MatmulOperands operands)
    {
        SetBias(operands.Bias);
        CublasLt.Matmul(context.Handle, _desc,
            1, operands.A, _aLayout, operands.B, _bLayout,
            _beta, operands.D, _dLayout, operands.D, _dLayout,
            algorithm, context.Workspace, CublasLtContext.WorkspaceBytes, context.Stream)
            .ThrowIfFailed("cublasLtMatmul");
    }

    public void Dispose()
    {
        CublasLt.MatmulDescDestroy(_desc);
        CublasLt.MatrixLayoutDestroy(_aLayout);
        CublasLt.MatrixLayoutDestroy(_bLayout);
        CublasLt.MatrixLayoutDestroy(_dLayout);
    }

    void SetBias(nint bias)
    {
        if (_hasBias) Set(CublasLtMatmulDesc.BiasPointer, &bias, (nuint)sizeof(nint));
    }

    void Set(CublasLtMatmulDesc attribute, int value) => Set(attribute, &value, sizeof(int));

    void Set(CublasLtMatmulDesc attribute, void* value, nuint bytes) =>
        CublasLt.MatmulDescSetAttribute(_desc, attribute, value, bytes).ThrowIfFailed();

    static void SetPreference(nint preference, CublasLtMatmulPref attribute, void* value, nuint bytes) =>
        CublasLt.MatmulPreferenceSetAttribute(preference, attribute, value, bytes).ThrowIfFailed();

    static CublasOperation Operation(bool transpose) => transpose ? CublasOperation.T : CublasOperation.N;

    /// <summary>Creates the layout of M, where op(M) is [rows, columns].</summary>
    static nint CreateLayout(ElementType type, int rows, int columns, bool transpose)
    {
        if (transpose) (rows, columns) = (columns, rows);
        CublasLt.MatrixLayoutCreate(out nint layout, DataType(type), (ulong)rows, (ulong)columns, rows).ThrowIfFailed();
        return layout;
    }

    static void SetBatch(nint layout, int count, long stride)
    {
        SetLayout(layout, CublasLtMatrixLayout.BatchCount, &count, sizeof(int));
        SetLayout(layout, CublasLtMatrixLayout.StridedBatchOffset, &stride, sizeof(long));
    }

    static void SetLayout(nint layout, CublasLtMatrixLayout attribute, void* value, nuint bytes) =>
        CublasLt.MatrixLayoutSetAttribute(layout, attribute, value, bytes).ThrowIfFailed();

    static CudaDataType DataType(ElementType type) => type switch
    {
        ElementType.Float32 => CudaDataType.R32F,
        ElementType.Float16 => CudaDataType.R16F,
        ElementType.BFloat16 => CudaDataType.R16BF,
        _ => throw new ArgumentOutOfRangeException(nameof(type), $"{type} has no matrix products"),
    };
}

using EsimCse.Core;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Matmul;

/// <summary>The descriptors of one product, made once.</summary>
sealed unsafe class MatmulPlan : IDisposable
{
    readonly nint _desc, _a, _b, _d;
    readonly bool _bias;
    readonly float _beta;

    public MatmulPlan(MatmulShape shape)
    {
        (_bias, _beta) = (shape.Bias is not null, shape.Accumulate ? 1 : 0);
        CublasLt.DescCreate(out _desc, CublasLt.Compute32F, CudaDataType.Float32).ThrowIfFailed();
        Set(CublasLt.DescTransposeA, shape.TransposeA ? 1 : 0);
        Set(CublasLt.DescTransposeB, shape.TransposeB ? 1 : 0);
        Set(CublasLt.DescEpilogue, _bias ? CublasLt.EpilogueBias : CublasLt.EpilogueDefault);
        if (shape.Bias is { } bias) Set(CublasLt.DescBiasDataType, (int)TypeOf(bias));
        _a = shape.TransposeA ? Layout(shape.Input, shape.Inner, shape.Rows) : Layout(shape.Input, shape.Rows, shape.Inner);
        _b = shape.TransposeB ? Layout(shape.Input, shape.Columns, shape.Inner) : Layout(shape.Input, shape.Inner, shape.Columns);
        _d = Layout(shape.Output, shape.Rows, shape.Columns);
    }

    public int Propose(nint handle, nuint workspaceBytes, bool splitInner, Span<MatmulHeuristic> proposals)
    {
        CublasLt.PreferenceCreate(out nint preference).ThrowIfFailed();
        try
        {
            CublasLt.PreferenceSetAttribute(preference, CublasLt.PreferenceWorkspaceBytes, &workspaceBytes, (nuint)sizeof(nuint)).ThrowIfFailed();
            uint schemes = splitInner ? uint.MaxValue & 7 : 0;
            CublasLt.PreferenceSetAttribute(preference, CublasLt.PreferenceReductionSchemes, &schemes, sizeof(uint)).ThrowIfFailed();
            fixed (MatmulHeuristic* first = proposals)
            {
                CublasLt.GetHeuristic(handle, _desc, _a, _b, _d, _d, preference, proposals.Length, first, out int count).ThrowIfFailed();
                return count;
            }
        }
        finally
        {
            CublasLt.PreferenceDestroy(preference);
        }
    }

    public void Run(nint handle, in MatmulAlgorithm algorithm, nint a, nint b, nint bias, nint d, nint workspace, nuint workspaceBytes, nint stream)
    {
        if (_bias) CublasLt.DescSetAttribute(_desc, CublasLt.DescBiasPointer, &bias, (nuint)sizeof(nint)).ThrowIfFailed();
        CublasLt.Matmul(handle, _desc, 1, a, _a, b, _b, _beta, d, _d, d, _d, algorithm, workspace, workspaceBytes, stream).ThrowIfFailed();
    }

    public void Dispose()
    {
        CublasLt.DescDestroy(_desc);
        foreach (nint layout in new[] { _a, _b, _d }) CublasLt.LayoutDestroy(layout);
    }

    void Set(int attribute, int value) => CublasLt.DescSetAttribute(_desc, attribute, &value, sizeof(int)).ThrowIfFailed();

    static nint Layout(ElementType type, int rows, int columns)
    {
        CublasLt.LayoutCreate(out nint layout, TypeOf(type), (ulong)rows, (ulong)columns, rows).ThrowIfFailed();
        return layout;
    }

    static CudaDataType TypeOf(ElementType type) => type switch
    {
        ElementType.Float32 => CudaDataType.Float32,
        ElementType.Float16 => CudaDataType.Float16,
        ElementType.BFloat16 => CudaDataType.BFloat16,
        _ => throw new ArgumentOutOfRangeException(nameof(type), $"{type} has no products"),
    };
}

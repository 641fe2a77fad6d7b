using System.Diagnostics.CodeAnalysis;
using EsimCse.Core;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Matmul;

/// <summary>The algorithms that cuBLASLt's heuristic proposes, without those that the engine must not use.</summary>
static unsafe class MatmulHeuristics
{
    const int RequestedCount = 16;

    /// <summary>
    /// The numbers of columns for which the heuristic proposes algorithms of a batch-invariant product: a full batch's,
    /// and fewer where none of its proposals supports them all.
    /// </summary>
    static readonly int[] TypicalColumns = [CudaBackend.EmbeddingTokens, 2048, 128];

    /// <summary>
    /// The numbers of columns that the algorithm of a batch-invariant product must support, up to the tokens of the
    /// largest batches that are not split.
    /// </summary>
    static readonly int[] AllColumns = [1, 8, 128, 2048, CudaBackend.EmbeddingTokens, 8 * CudaBackend.EmbeddingTokens];

    /// <summary>
    /// The id of an algorithm whose split-K result is wrong if the split does not divide K (cuBLASLt 12.6.3 to 13.4 on
    /// sm_90).
    /// </summary>
    const int FaultySplitKAlgorithm = 66;

    /// <summary>Returns the usable algorithms in the heuristic's order; at least one.</summary>
    /// <exception cref="DeviceException">None is usable.</exception>
    public static List<MatmulAlgorithm> GetAlgorithms(CublasLtContext context, MatmulShape shape, nint bias)
    {
        foreach ((int columns, CublasLtReductionScheme schemes) in Requests(shape))
        {
            List<MatmulAlgorithm> algorithms = GetAlgorithms(context, shape, columns, bias, schemes);
            if (algorithms.Count > 0) return algorithms;
        }
        ThrowNoneUsable(shape);
        return [];
    }

    /// <summary>Returns what the heuristic is asked for, in order, until a proposal is usable.</summary>
    static (int Columns, CublasLtReductionScheme Schemes)[] Requests(MatmulShape shape)
    {
        CublasLtReductionScheme schemes = AllowedSchemes(shape);
        if (shape.BatchInvariant) return Array.ConvertAll(TypicalColumns, columns => (columns, schemes));
        // All proposals may have splits that must not be used.
        return [(shape.Columns, schemes), (shape.Columns, CublasLtReductionScheme.None)];
    }

    static List<MatmulAlgorithm> GetAlgorithms(
        CublasLtContext context, MatmulShape shape, int columns, nint bias, CublasLtReductionScheme schemes)
    {
        using MatmulPlan plan = new(shape with { Columns = columns });
        Span<MatmulHeuristic> results = stackalloc MatmulHeuristic[RequestedCount];
        int count = plan.GetHeuristics(context, schemes, results);
        List<MatmulAlgorithm> usable = [];
        foreach (ref readonly MatmulHeuristic result in results[..count])
        {
            if (result.State == CublasStatus.Success && IsUsable(context, result.Algo, shape, bias))
                usable.Add(result.Algo);
        }
        return usable;
    }

    /// <summary>
    /// Returns whether an algorithm computes the product, with any number of columns if that is batch-invariant, and is
    /// sound.
    /// </summary>
    public static bool IsUsable(CublasLtContext context, in MatmulAlgorithm algorithm, MatmulShape shape, nint bias)
    {
        foreach (int columns in shape.BatchInvariant ? AllColumns : [shape.Columns])
        {
            using MatmulPlan plan = new(shape with { Columns = columns });
            if (!plan.Supports(context, algorithm, bias)) return false;
        }
        return IsSound(algorithm, shape);
    }

    /// <summary>
    /// Returns whether an algorithm's sums are right and in a fixed order, and unsplit if batch-invariant.
    /// </summary>
    public static bool IsSound(in MatmulAlgorithm algorithm, MatmulShape shape)
    {
        int splits = GetConfig(algorithm, CublasLtAlgoConfig.SplitKNum);
        if (splits <= 1) return true;
        var scheme = (CublasLtReductionScheme)GetConfig(algorithm, CublasLtAlgoConfig.ReductionScheme);
        bool faulty = GetConfig(algorithm, CublasLtAlgoConfig.Id) == FaultySplitKAlgorithm;
        return (scheme & AllowedSchemes(shape)) != 0 && !(faulty && shape.Inner % splits != 0);
    }

    /// <summary>Returns an integer attribute of an algorithm.</summary>
    public static int GetConfig(in MatmulAlgorithm algorithm, CublasLtAlgoConfig attribute)
    {
        int value = 0;
        CublasLt.MatmulAlgoConfigGetAttribute(algorithm, attribute, &value, sizeof(int), null).ThrowIfFailed();
        return value;
    }

    /// <summary>
    /// Returns the schemes of split-K that a product may use: those that add the parts in a fixed order. In place, they
    /// are added in the order in which they are ready; in the output type, they would be rounded to it.
    /// </summary>
    static CublasLtReductionScheme AllowedSchemes(MatmulShape shape)
    {
        if (shape.BatchInvariant) return CublasLtReductionScheme.None;
        return shape.Output == ElementType.Float32
            ? CublasLtReductionScheme.ComputeType | CublasLtReductionScheme.OutputType
            : CublasLtReductionScheme.ComputeType;
    }

    [DoesNotReturn]
    static void ThrowNoneUsable(MatmulShape shape) =>
        throw new DeviceException($"cublasLtMatmulAlgoGetHeuristic: proposes no algorithm to use for {shape}");
}

using System.Diagnostics.CodeAnalysis;
using EsimCse.Core;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Matmul;

/// <summary>The algorithms that cuBLASLt's heuristic proposes, without those that the engine must not use.</summary>
static unsafe class MatmulHeuristics
{
    const int RequestedCount = 16;

    /// <summary>The number of rows for which the algorithm of a row-wise product is chosen.</summary>
    const int TypicalRows = 2048;

    /// <summary>
    /// The numbers of rows that the algorithm of a row-wise product must support: a row's result may not depend on how
    /// many rows there are.
    /// </summary>
    static readonly int[] AllRows = [1, 8, 128, TypicalRows, 16384];

    /// <summary>
    /// The id of an algorithm whose split-K result is wrong if the split does not divide K (cuBLASLt 12.6.3 to 13.4 on
    /// sm_90).
    /// </summary>
    const int FaultySplitKAlgorithm = 66;

    /// <summary>Returns the usable algorithms in the heuristic's order; at least one.</summary>
    /// <exception cref="DeviceException">None is usable.</exception>
    public static List<MatmulAlgorithm> GetAlgorithms(
        CublasLtContext context, MatmulShape shape, bool rowwise, nint bias)
    {
        List<MatmulAlgorithm> algorithms = GetAlgorithms(context, shape, rowwise, bias, allowSplitK: !rowwise);
        // All proposals may have splits that must not be used.
        if (algorithms.Count == 0) algorithms = GetAlgorithms(context, shape, rowwise, bias, allowSplitK: false);
        if (algorithms.Count == 0) ThrowNoneUsable(shape);
        return algorithms;
    }

    static List<MatmulAlgorithm> GetAlgorithms(
        CublasLtContext context, MatmulShape shape, bool rowwise, nint bias, bool allowSplitK)
    {
        using MatmulPlan plan = new(rowwise ? shape with { Columns = TypicalRows } : shape);
        Span<MatmulHeuristic> results = stackalloc MatmulHeuristic[RequestedCount];
        int count = plan.GetHeuristics(context, allowSplitK, results);
        List<MatmulAlgorithm> usable = [];
        foreach (ref readonly MatmulHeuristic result in results[..count])
        {
            if (result.State == CublasStatus.Success && IsUsable(context, result.Algo, shape, rowwise, bias))
                usable.Add(result.Algo);
        }
        return usable;
    }

    /// <summary>
    /// Returns whether an algorithm is sound and computes the product; if that is row-wise, for any number of rows.
    /// </summary>
    public static bool IsUsable(
        CublasLtContext context, in MatmulAlgorithm algorithm, MatmulShape shape, bool rowwise, nint bias)
    {
        if (!IsSound(algorithm, shape.Inner, rowwise)) return false;
        foreach (int rows in rowwise ? AllRows : [shape.Columns])
        {
            using MatmulPlan plan = new(shape with { Columns = rows });
            if (!plan.Supports(context, algorithm, bias)) return false;
        }
        return true;
    }

    /// <summary>Returns whether an algorithm's sums are right and in a fixed order, and unsplit if row-wise.</summary>
    public static bool IsSound(in MatmulAlgorithm algorithm, int inner, bool rowwise)
    {
        int splits = GetConfig(algorithm, CublasLtAlgoConfig.SplitKNum);
        if (splits <= 1) return true;
        if (GetConfig(algorithm, CublasLtAlgoConfig.ReductionScheme) == (int)CublasLtReductionScheme.InPlace)
            return false;
        bool faulty = GetConfig(algorithm, CublasLtAlgoConfig.Id) == FaultySplitKAlgorithm && inner % splits != 0;
        return !rowwise && !faulty;
    }

    /// <summary>Returns an integer attribute of an algorithm.</summary>
    public static int GetConfig(in MatmulAlgorithm algorithm, CublasLtAlgoConfig attribute)
    {
        int value = 0;
        CublasLt.MatmulAlgoConfigGetAttribute(algorithm, attribute, &value, sizeof(int), null).ThrowIfFailed();
        return value;
    }

    [DoesNotReturn]
    static void ThrowNoneUsable(MatmulShape shape) =>
        throw new DeviceException($"cublasLtMatmulAlgoGetHeuristic: proposes no algorithm to use for {shape}");
}

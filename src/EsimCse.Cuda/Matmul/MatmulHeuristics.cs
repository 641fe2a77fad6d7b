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
    /// The id of an algorithm whose split-K result is wrong if the split does not divide K (cuBLASLt 12.6.3 to 13.4 on
    /// sm_90).
    /// </summary>
    const int FaultySplitKAlgorithm = 66;

    /// <summary>Returns the usable algorithms in the heuristic's order; at least one.</summary>
    /// <exception cref="DeviceException">None is usable.</exception>
    public static List<MatmulAlgorithm> GetAlgorithms(CublasLtContext context, MatmulShape shape, bool rowwise)
    {
        using MatmulPlan plan = new(rowwise ? shape with { Columns = TypicalRows } : shape);
        Span<MatmulHeuristic> results = stackalloc MatmulHeuristic[RequestedCount];
        int count = plan.GetHeuristics(context, allowSplitK: !rowwise, results);
        List<MatmulAlgorithm> usable = [];
        foreach (ref readonly MatmulHeuristic result in results[..count])
        {
            bool sound = result.State == CublasStatus.Success && IsSound(result.Algo, shape.Inner, rowwise);
            if (sound) usable.Add(result.Algo);
        }
        if (usable.Count == 0) ThrowNoneUsable(count, shape);
        return usable;
    }

    /// <summary>Returns whether an algorithm is correct, and without split-K if the product is row-wise.</summary>
    public static bool IsSound(in MatmulAlgorithm algorithm, int inner, bool rowwise)
    {
        int splits = GetConfig(algorithm, CublasLtAlgoConfig.SplitKNum);
        if (splits <= 1) return true;
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
    static void ThrowNoneUsable(int count, MatmulShape shape) =>
        throw new DeviceException($"cublasLtMatmulAlgoGetHeuristic: {count} algorithms, none usable, for {shape}");
}

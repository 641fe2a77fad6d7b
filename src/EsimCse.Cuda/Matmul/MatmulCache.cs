using System.Diagnostics;
using EsimCse.Core;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Matmul;

/// <summary>
/// A product as cuBLASLt sees it, D = op(A) op(B) (+ D) in column order: rows and columns of D, the inner size, what is transposed, element types.
/// Our row-major Y = X Wᵀ is its Yᵀ = W Xᵀ.
/// </summary>
readonly record struct MatmulShape(int Rows, int Columns, int Inner, bool TransposeA, bool TransposeB, ElementType Input, ElementType Output, ElementType? Bias, bool Accumulate);

/// <summary>
/// cuBLASLt's products on one stream, with a workspace of their own. An algorithm is chosen by the heuristic's order, never by a stopwatch. Where a row of the
/// result belongs to a sentence, one algorithm serves every number of rows, and none splits the inner sum, so that its bits do not depend on the batch.
/// </summary>
sealed unsafe class MatmulCache : IDisposable
{
    const long WorkspaceBytes = 32 << 20;
    const int Proposals = 16;
    const int TimedRepetitions = 5, TimedRuns = 8;

    // The row count for which the algorithm of row-wise products is asked.
    const int TypicalRows = 2048;

    // cuBLASLt 12.6.3 to 13.4 computes split-K with this algorithm wrongly where the split does not divide K.
    const int FaultyAlgorithm = 66;

    readonly nint _handle, _stream;
    readonly CudaBackend _memory;
    readonly Dictionary<MatmulShape, MatmulAlgorithm> _algorithms = [];
    readonly Dictionary<MatmulShape, MatmulPlan> _plans = [];
    readonly TunedMatmuls _tuned;
    readonly List<string>? _report;
    nint _workspace;

    /// <summary>Products on a stream. With a report, algorithms are chosen by time, added to the table and reported.</summary>
    public MatmulCache(nint stream, CudaBackend memory, TunedMatmuls tuned, List<string>? report)
    {
        (_stream, _memory, _tuned, _report) = (stream, memory, tuned, report);
        CublasLt.Create(out _handle).ThrowIfFailed();
    }

    /// <summary>Runs a product. <paramref name="rowwise"/>: D's columns are independent rows of ours, of any number.</summary>
    public void Run(MatmulShape shape, bool rowwise, nint a, nint b, nint bias, nint d)
    {
        if (shape.Rows == 0 || shape.Columns == 0) return;
        if (_workspace == 0) _workspace = _memory.Allocate(WorkspaceBytes);
        if (!_plans.TryGetValue(shape, out MatmulPlan? plan)) _plans.Add(shape, plan = new MatmulPlan(shape));
        MatmulShape key = rowwise ? shape with { Columns = 0 } : shape;
        if (!_algorithms.TryGetValue(key, out MatmulAlgorithm algorithm))
        {
            algorithm = _report is not null ? Time(key, shape, rowwise, plan, a, b, bias, d) : _tuned.TryGet(key, out MatmulAlgorithm tuned) && IsSound(tuned, shape.Inner, rowwise) ? tuned : Choose(shape, rowwise)[0];
            _algorithms.Add(key, algorithm);
        }
        plan.Run(_handle, algorithm, a, b, bias, d, _workspace, (nuint)WorkspaceBytes, _stream);
    }

    public void Dispose()
    {
        foreach (MatmulPlan plan in _plans.Values) plan.Dispose();
        if (_workspace != 0) CudaDriver.MemFree(_workspace);
        CublasLt.Destroy(_handle);
    }

    /// <summary>What can be used, in the heuristic's order; at least one.</summary>
    List<MatmulAlgorithm> Choose(MatmulShape shape, bool rowwise)
    {
        using MatmulPlan asked = new(rowwise ? shape with { Columns = TypicalRows } : shape);
        Span<MatmulHeuristic> proposals = stackalloc MatmulHeuristic[Proposals];
        int count = asked.Propose(_handle, (nuint)WorkspaceBytes, splitInner: !rowwise, proposals);
        List<MatmulAlgorithm> usable = [];
        foreach (ref readonly MatmulHeuristic proposal in proposals[..count])
            if (proposal.State == CublasResult.Success && IsSound(proposal.Algorithm, shape.Inner, rowwise)) usable.Add(proposal.Algorithm);
        return usable.Count > 0 ? usable : throw new DeviceException($"cublasLtMatmulAlgoGetHeuristic: {count} algorithms, none usable, for {shape}");
    }

    /// <summary>The fastest by the median of several times; the result is overwritten, or added to, as often as it is timed.</summary>
    MatmulAlgorithm Time(MatmulShape key, MatmulShape shape, bool rowwise, MatmulPlan plan, nint a, nint b, nint bias, nint d)
    {
        List<MatmulAlgorithm> usable = Choose(shape, rowwise);
        double[] times = new double[usable.Count];
        double[] repetitions = new double[TimedRepetitions];
        for (int i = 0; i < usable.Count; i++)
        {
            for (int repetition = -1; repetition < TimedRepetitions; repetition++)
            {
                CudaDriver.StreamSynchronize(_stream).ThrowIfFailed();
                long start = Stopwatch.GetTimestamp();
                for (int run = 0; run < TimedRuns; run++) plan.Run(_handle, usable[i], a, b, bias, d, _workspace, (nuint)WorkspaceBytes, _stream);
                CudaDriver.StreamSynchronize(_stream).ThrowIfFailed();
                if (repetition >= 0) repetitions[repetition] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / TimedRuns;
            }
            Array.Sort(repetitions);
            times[i] = repetitions[TimedRepetitions / 2];
        }
        int best = Array.IndexOf(times, times.Min());
        _tuned.Add(key, usable[best]);
        _report!.Add(FormattableString.Invariant($"{shape.Rows}x{shape.Columns}x{shape.Inner} {shape.Input.Name()} to {shape.Output.Name()}: {times[0]:F1} us by default, {times[best]:F1} us with algorithm {Attribute(usable[best], CublasLt.AlgorithmId)}, {best + 1} of {usable.Count}"));
        return usable[best];
    }

    /// <summary>Whether an algorithm computes what is asked: see <see cref="FaultyAlgorithm"/>; and splits nothing where it must not.</summary>
    internal static bool IsSound(in MatmulAlgorithm algorithm, int inner, bool rowwise)
    {
        int id = Attribute(algorithm, CublasLt.AlgorithmId), split = Attribute(algorithm, CublasLt.AlgorithmSplitK);
        if (split <= 1) return true;
        return !rowwise && !(id == FaultyAlgorithm && inner % split != 0);
    }

    static int Attribute(in MatmulAlgorithm algorithm, int attribute)
    {
        int value = 0;
        CublasLt.AlgorithmGetAttribute(algorithm, attribute, &value, sizeof(int), null).ThrowIfFailed();
        return value;
    }
}

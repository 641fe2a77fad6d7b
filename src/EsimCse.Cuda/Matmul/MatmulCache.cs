using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Matmul;

/// <summary>
/// The matrix products of one stream: descriptors and algorithms by shape. An algorithm is the tuned one or, for a
/// shape that was not tuned, the first usable one of the heuristic, never the fastest. A batch-invariant shape has one
/// for every number of columns, any other has one for each.
/// </summary>
/// <remarks>
/// The first product of a shape asks the heuristic, which is illegal in a capture: captured work has run eagerly
/// before.
/// </remarks>
sealed class MatmulCache : IDisposable
{
    readonly CublasLtContext _context;
    readonly TunedMatmuls _tuned;
    readonly Lock _captureLock;
    readonly MatmulTimer? _timer;
    readonly Dictionary<MatmulShape, MatmulAlgorithm> _algorithms = [];
    readonly Dictionary<MatmulShape, MatmulPlan> _plans = [];

    /// <summary>Creates the cache of a stream. With a report, algorithms are chosen by time and reported.</summary>
    public MatmulCache(nint stream, CudaBackend backend, TunedMatmuls tuned, List<string>? tuningReport)
    {
        _context = new CublasLtContext(stream, backend);
        _captureLock = backend.CaptureLock;
        _tuned = tuned;
        if (tuningReport is not null) _timer = new MatmulTimer(_context, tuningReport);
    }

    /// <summary>Enqueues a matrix product.</summary>
    public void Run(MatmulShape shape, MatmulOperands operands)
    {
        if (shape.Rows == 0 || shape.Columns == 0) return;
        if (_plans.TryGetValue(shape, out MatmulPlan? plan)) plan.Run(_context, _algorithms[shape.Key], operands);
        else lock (_captureLock) RunFirst(shape, operands);
    }

    public void Dispose()
    {
        foreach (MatmulPlan plan in _plans.Values) plan.Dispose();
        _context.Dispose();
    }

    void RunFirst(MatmulShape shape, MatmulOperands operands)
    {
        MatmulPlan plan = new(shape);
        try
        {
            if (!_algorithms.TryGetValue(shape.Key, out MatmulAlgorithm algorithm))
                _algorithms.Add(shape.Key, algorithm = ChooseAlgorithm(shape, plan, operands));
            plan.Run(_context, algorithm, operands);
            _plans.Add(shape, plan);
        }
        catch
        {
            plan.Dispose();
            throw;
        }
    }

    MatmulAlgorithm ChooseAlgorithm(MatmulShape shape, MatmulPlan plan, MatmulOperands operands)
    {
        if (_timer is not null)
        {
            // The first size and stream that meet a batch-invariant product choose for all.
            if (_tuned.TryGetTimed(shape, out MatmulAlgorithm timed)) return timed;
            List<MatmulAlgorithm> candidates = MatmulHeuristics.GetAlgorithms(_context, shape, operands.Bias);
            MatmulAlgorithm fastest = _timer.FindFastest(candidates, shape, plan, operands);
            _tuned.AddTimed(shape, fastest);
            return fastest;
        }
        if (_tuned.TryGet(shape, out MatmulAlgorithm tuned)
            && MatmulHeuristics.IsUsable(_context, tuned, shape, operands.Bias)) return tuned;
        return MatmulHeuristics.GetAlgorithms(_context, shape, operands.Bias)[0];
    }
}

using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Matmul;

/// <summary>
/// The matrix products of one stream: descriptors and algorithms by shape. Without tuning an algorithm is chosen by the
/// order of the heuristic, never by time. Row-wise products use one algorithm for every number of rows and no split-K,
/// so that a sentence's bits do not depend on its batch.
/// </summary>
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
    /// <param name="shape">Its sizes and types.</param>
    /// <param name="rowwise">Whether the columns of D are independent rows of the engine's matrix.</param>
    /// <param name="a">Address of A.</param>
    /// <param name="b">Address of B.</param>
    /// <param name="bias">Address of the bias; 0 without one.</param>
    /// <param name="d">Address of D.</param>
    public void Run(MatmulShape shape, bool rowwise, nint a, nint b, nint bias, nint d)
    {
        if (shape.Rows == 0 || shape.Columns == 0) return;
        MatmulOperands operands = new(a, b, bias, d);
        // One algorithm for every number of rows.
        MatmulShape key = rowwise ? shape with { Columns = 0 } : shape;
        if (_plans.TryGetValue(shape, out MatmulPlan? plan)) plan.Run(_context, _algorithms[key], operands);
        else lock (_captureLock) RunFirst(key, shape, rowwise, operands);
    }

    public void Dispose()
    {
        foreach (MatmulPlan plan in _plans.Values) plan.Dispose();
        _context.Dispose();
    }

    void RunFirst(MatmulShape key, MatmulShape shape, bool rowwise, MatmulOperands operands)
    {
        MatmulPlan plan = new(shape);
        try
        {
            if (!_algorithms.TryGetValue(key, out MatmulAlgorithm algorithm))
                _algorithms.Add(key, algorithm = ChooseAlgorithm(key, shape, rowwise, plan, operands));
            plan.Run(_context, algorithm, operands);
            _plans.Add(shape, plan);
        }
        catch
        {
            plan.Dispose();
            throw;
        }
    }

    MatmulAlgorithm ChooseAlgorithm(
        MatmulShape key, MatmulShape shape, bool rowwise, MatmulPlan plan, MatmulOperands operands)
    {
        if (_timer is not null)
        {
            // The first size and stream that meet a row-wise product choose for all.
            if (_tuned.TryGetTimed(key, out MatmulAlgorithm timed)) return timed;
            List<MatmulAlgorithm> candidates = MatmulHeuristics.GetAlgorithms(_context, shape, rowwise, operands.Bias);
            MatmulAlgorithm fastest = _timer.FindFastest(candidates, shape, plan, operands);
            _tuned.AddTimed(key, fastest);
            return fastest;
        }
        if (_tuned.TryGet(key, out MatmulAlgorithm tuned)
            && MatmulHeuristics.IsUsable(_context, tuned, shape, rowwise, operands.Bias)) return tuned;
        return MatmulHeuristics.GetAlgorithms(_context, shape, rowwise, operands.Bias)[0];
    }
}

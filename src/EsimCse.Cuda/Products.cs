using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda;

/// <summary>
/// A product as cuBLASLt sees it, D = op(A) op(B) (+ D) in column order: rows and columns of D, the inner size, what is transposed, element types.
/// Our row-major Y = X Wᵀ is its Yᵀ = W Xᵀ.
/// </summary>
readonly record struct ProductShape(int Rows, int Columns, int Inner, bool TransposeA, bool TransposeB, ElementType Input, ElementType Output, ElementType? Bias, bool Accumulate);

/// <summary>
/// cuBLASLt's products on one stream, with a workspace of their own. An algorithm is chosen by the heuristic's order, never by a stopwatch. Where a row of the
/// result belongs to a sentence, one algorithm serves every number of rows, and none splits the inner sum, so that its bits do not depend on the batch.
/// </summary>
sealed unsafe class Products : IDisposable
{
    const long WorkspaceBytes = 32 << 20;
    const int Proposals = 16;

    // The row count for which the algorithm of row-wise products is asked.
    const int TypicalRows = 2048;

    // cuBLASLt 12.6.3 to 13.4 computes split-K with this algorithm wrongly where the split does not divide K.
    const int FaultyAlgorithm = 66;

    readonly nint _handle, _stream, _workspace;
    readonly Dictionary<ProductShape, ProductAlgorithm> _algorithms = [];
    readonly Dictionary<ProductShape, ProductPlan> _plans = [];

    public Products(nint stream, CudaBackend memory)
    {
        _stream = stream;
        CublasLt.Create(out _handle).ThrowIfFailed();
        _workspace = memory.Allocate(WorkspaceBytes);
    }

    /// <summary>Runs a product. <paramref name="rowwise"/>: D's columns are independent rows of ours, of any number.</summary>
    public void Run(ProductShape shape, bool rowwise, nint a, nint b, nint bias, nint d)
    {
        if (shape.Rows == 0 || shape.Columns == 0) return;
        if (!_plans.TryGetValue(shape, out ProductPlan? plan)) _plans.Add(shape, plan = new ProductPlan(shape));
        if (!_algorithms.TryGetValue(rowwise ? shape with { Columns = 0 } : shape, out ProductAlgorithm algorithm))
            _algorithms.Add(rowwise ? shape with { Columns = 0 } : shape, algorithm = Choose(shape, rowwise));
        plan.Run(_handle, algorithm, a, b, bias, d, _workspace, (nuint)WorkspaceBytes, _stream);
    }

    public void Dispose()
    {
        foreach (ProductPlan plan in _plans.Values) plan.Dispose();
        CudaDriver.MemFree(_workspace);
        CublasLt.Destroy(_handle);
    }

    ProductAlgorithm Choose(ProductShape shape, bool rowwise)
    {
        using ProductPlan asked = new(rowwise ? shape with { Columns = TypicalRows } : shape);
        Span<ProductProposal> proposals = stackalloc ProductProposal[Proposals];
        int count = asked.Propose(_handle, (nuint)WorkspaceBytes, splitInner: !rowwise, proposals);
        foreach (ref readonly ProductProposal proposal in proposals[..count])
            if (proposal.State == CublasResult.Success && IsSound(proposal.Algorithm, shape.Inner, rowwise)) return proposal.Algorithm;
        throw new DeviceException($"cublasLtMatmulAlgoGetHeuristic: {count} algorithms, none usable, for {shape}");
    }

    /// <summary>Whether an algorithm computes what is asked: see <see cref="FaultyAlgorithm"/>; and splits nothing where it must not.</summary>
    internal static bool IsSound(in ProductAlgorithm algorithm, int inner, bool rowwise)
    {
        int id = Attribute(algorithm, CublasLt.AlgorithmId), split = Attribute(algorithm, CublasLt.AlgorithmSplitK);
        if (split <= 1) return true;
        return !rowwise && !(id == FaultyAlgorithm && inner % split != 0);
    }

    static int Attribute(in ProductAlgorithm algorithm, int attribute)
    {
        int value = 0;
        CublasLt.AlgorithmGetAttribute(algorithm, attribute, &value, sizeof(int), null).ThrowIfFailed();
        return value;
    }
}

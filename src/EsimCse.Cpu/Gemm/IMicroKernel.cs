namespace EsimCse.Cpu.Gemm;

/// <summary>
/// The innermost loop of a product: one tile of C. Every element is one chain of fused multiply-adds in the order of k, in every variant,
/// so the variants give the same bits.
/// </summary>
unsafe interface IMicroKernel
{
    static abstract int Rows { get; }

    static abstract int Columns { get; }

    /// <summary>c = a b, or c + a b where the chain continues. a: depth × Rows, b: depth × Columns, packed; c: Rows × Columns with a row stride.</summary>
    static abstract void Run(int depth, float* a, float* b, float* c, int stride, bool continues);
}

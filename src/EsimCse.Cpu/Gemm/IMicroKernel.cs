namespace EsimCse.Cpu.Gemm;

/// <summary>
/// The innermost loop of a product: one tile of C, each element one chain of fused multiply-adds in the order of k, so
/// that all variants give the same bits.
/// </summary>
unsafe interface IMicroKernel
{
    /// <summary>Rows of a tile.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns of a tile.</summary>
    static abstract int Columns { get; }

    /// <summary>Rows that <see cref="RunEdge"/> computes; a divisor of <see cref="Rows"/>.</summary>
    static abstract int EdgeRows { get; }

    /// <summary>Computes c = aᵀ b, or c += aᵀ b, then c += bias.</summary>
    /// <param name="depth">Length of the dot products.</param>
    /// <param name="a">[depth, Rows], packed.</param>
    /// <param name="b">[depth, Columns], packed.</param>
    /// <param name="c">[Rows, Columns].</param>
    /// <param name="stride">Distance between rows of c.</param>
    /// <param name="accumulate">Whether the chains start from c instead of 0.</param>
    /// <param name="bias">[1, Columns]; null for none.</param>
    /// <param name="next">
    /// The cache line before those that are read soon: they are loaded into the second-level cache on the way, since
    /// weights come from memory, too late for a tile that waits for them.
    /// </param>
    /// <param name="interval">One less than the number of steps of k between two lines, a power of two.</param>
    static abstract void Run(
        int depth, float* a, float* b, float* c, int stride, bool accumulate, float* bias, float* next, int interval);

    /// <summary>
    /// Computes <see cref="Run"/>, without a bias, for the first <see cref="EdgeRows"/> columns of a, whose rows are as
    /// long as there.
    /// </summary>
    static abstract void RunEdge(int depth, float* a, float* b, float* c, int stride, bool accumulate);
}

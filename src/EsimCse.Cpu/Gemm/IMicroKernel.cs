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

    /// <summary>Computes c = aᵀ b, or c += aᵀ b.</summary>
    /// <param name="depth">Length of the dot products.</param>
    /// <param name="a">[depth, Rows], packed.</param>
    /// <param name="b">[depth, Columns], packed.</param>
    /// <param name="c">[Rows, Columns].</param>
    /// <param name="stride">Distance between rows of c.</param>
    /// <param name="accumulate">Whether the chains start from c instead of 0.</param>
    static abstract void Run(int depth, float* a, float* b, float* c, int stride, bool accumulate);
}

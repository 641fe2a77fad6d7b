namespace EsimCse.Cpu.Gemm;

/// <summary>The portable micro-kernel: a tile of 4 × 4.</summary>
readonly unsafe struct GemmScalar : IMicroKernel
{
    public static int Rows => 4;

    public static int Columns => 4;

    public static void Run(int depth, float* a, float* b, float* c, int stride, bool accumulate)
    {
        for (int row = 0; row < Rows; row++)
            for (int column = 0; column < Columns; column++)
            {
                float sum = accumulate ? c[row * stride + column] : 0;
                for (int k = 0; k < depth; k++)
                    sum = MathF.FusedMultiplyAdd(a[k * Rows + row], b[k * Columns + column], sum);
                c[row * stride + column] = sum;
            }
    }
}

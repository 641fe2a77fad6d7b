namespace EsimCse.Cpu.Gemm;

/// <summary>The portable micro-kernel: a tile of 4 × 4.</summary>
readonly unsafe struct GemmScalar : IMicroKernel
{
    public static int Rows => 4;

    public static int Columns => 4;

    public static int EdgeRows => 1;

    public static void Run(
        int depth, float* a, float* b, float* c, int stride, bool accumulate, float* bias, float* next, int interval)
    {
        for (int row = 0; row < Rows; row++)
        {
            RunEdge(depth, a + row, b, c + row * stride, stride, accumulate);
            for (int column = 0; column < Columns && bias != null; column++) c[row * stride + column] += bias[column];
        }
    }

    public static void RunEdge(int depth, float* a, float* b, float* c, int stride, bool accumulate)
    {
        for (int column = 0; column < Columns; column++)
        {
            float sum = accumulate ? c[column] : 0;
            for (int k = 0; k < depth; k++) sum = MathF.FusedMultiplyAdd(a[k * Rows], b[k * Columns + column], sum);
            c[column] = sum;
        }
    }
}

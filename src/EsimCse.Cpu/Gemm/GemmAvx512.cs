using System.Runtime.Intrinsics;
using EsimCse.Cpu.Gemm.LowPrecision;

namespace EsimCse.Cpu.Gemm;

/// <summary>
/// The tile of <see cref="GemmVector512"/> in machine code, for binaries that are compiled ahead of time: their
/// compiler emits instructions on 512 bits only where no other processor may start them.
/// </summary>
readonly unsafe struct GemmAvx512 : IMicroKernel
{
    const int FloatsOfLine = 16;

    static readonly EmittedTile? Tile = Avx512.IsSupported
        ? EmittedTile.Create((code, sum, b, a) => code.MultiplyAdd(sum, b, a), startsFromSums: true)
        : null;

    /// <summary>Whether the processor has the instructions and memory can be executed.</summary>
    public static bool IsSupported => Tile is not null;

    public static int Rows => VectorTile.Height;

    public static int Columns => LowPrecisionTile.Columns;

    public static int EdgeRows => EmittedTile.RowsOfFunction;

    public static void Run(
        int depth, float* a, float* b, float* c, int stride, bool accumulate, float* bias, float* next, int interval)
    {
        int bytes = FloatsOfLine * sizeof(float) / (interval + 1);
        Run(Rows, depth, a, b, c, stride, accumulate, bias, next + FloatsOfLine, bytes);
    }

    public static void RunEdge(int depth, float* a, float* b, float* c, int stride, bool accumulate) =>
        Run(EdgeRows, depth, a, b, c, stride, accumulate, null, b, 0);

    static void Run(
        int rows, int depth, float* a, float* b, float* c, int stride, bool accumulate, float* bias,
        float* next, int nextBytes)
    {
        float* sums = stackalloc float[Rows * Columns];
        if (accumulate) Copy(c, stride, null, sums, Columns, rows);
        else new Span<float>(sums, rows * Columns).Clear();
        TileArguments arguments = new()
        {
            Steps = depth,
            A = (int*)a,
            B = (int*)b,
            Sums = (int*)sums,
            Next = (byte*)next,
            NextBytes = nextBytes,
        };
        if (depth > 0) Tile!.Run(arguments, rows);
        Copy(sums, Columns, bias, c, stride, rows);
    }

    static void Copy(float* source, int sourceStride, float* bias, float* target, int targetStride, int rows)
    {
        for (int row = 0; row < rows; row++, source += sourceStride, target += targetStride)
            for (int i = 0; i < Columns; i += Vector256<float>.Count)
            {
                Vector256<float> values = Vector256.Load(source + i);
                (bias == null ? values : values + Vector256.Load(bias + i)).Store(target + i);
            }
    }
}

using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCse.Cpu.Gemm.LowPrecision;

namespace EsimCse.Tests.Cpu;

public unsafe class ByteGemmTests
{
    static readonly (int M, int N, int K)[] Sizes =
        [(1, 1, 1), (2, 3, 5), (4, 32, 4), (5, 33, 6), (12, 64, 31), (13, 65, 64), (65, 31, 130), (3, 200, 384)];

    public static TheoryData<string, int> Tiles => new(
        from tile in VectorTile.AllOfBytes
        from threads in new[] { 1, 3 }
        select (tile.Name, threads));

    [Theory]
    [MemberData(nameof(Tiles))]
    public void Products_are_exact(string tile, int threads)
    {
        foreach ((int m, int n, int k) in Sizes)
        {
            sbyte[] x = Numbers(m * k, seed: k), w = Numbers(n * k, seed: n);
            Assert.Equal(Expected(x, w, m, n, k), Multiply(tile, threads, x, w, m, n, k));
        }
    }

    [Theory]
    [MemberData(nameof(Tiles))]
    public void The_largest_numbers_do_not_overflow(string tile, int threads)
    {
        foreach ((sbyte a, sbyte b) in new (sbyte, sbyte)[] { (127, 127), (-127, 127), (127, -127), (-127, -127) })
        {
            const int k = BytePanels.MaxColumns;
            Assert.Equal((float)((long)a * b * k), Multiply(tile, threads, Filled(a), Filled(b), 1, 1, k)[0]);
        }
    }

    static float[] Multiply(string tile, int threads, sbyte[] x, sbyte[] w, int m, int n, int k)
    {
        byte[] panels = Pack(w, n, k);
        float[] y = new float[m * n];
        using WorkerPool pool = new(threads);
        fixed (sbyte* left = x)
        fixed (byte* right = panels)
        fixed (float* result = y)
            ByteGemm.Multiply(
                pool,
                VectorTile.AllOfBytes.Single(known => known.Name == tile).Tile,
                new Matrix((nint)left, m, k, ElementType.Int8),
                new Matrix((nint)right, n, k, ElementType.Int8),
                new Matrix((nint)result, m, n));
        return y;
    }

    static byte[] Pack(sbyte[] w, int n, int k)
    {
        byte[] panels = new byte[BytePanels.Count(n) * BytePanels.Bytes(k)];
        for (int row = 0; row < n; row += BytePanels.Rows)
        {
            int rows = Math.Min(BytePanels.Rows, n - row);
            Span<byte> panel = panels.AsSpan(row / BytePanels.Rows * BytePanels.Bytes(k), BytePanels.Bytes(k));
            BytePanels.Pack(w.AsSpan(row * k, rows * k), k, panel);
        }
        return panels;
    }

    static float[] Expected(sbyte[] x, sbyte[] w, int m, int n, int k) =>
    [
        .. from i in Enumerable.Range(0, m)
           from j in Enumerable.Range(0, n)
           select (float)Enumerable.Range(0, k).Sum(l => x[i * k + l] * w[j * k + l]),
    ];

    static sbyte[] Numbers(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (sbyte)random.Next(-127, 128))];
    }

    static sbyte[] Filled(sbyte number) => [.. Enumerable.Repeat(number, BytePanels.MaxColumns)];
}

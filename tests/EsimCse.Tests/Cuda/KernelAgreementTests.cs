using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>
/// Every kernel in fp32, bf16 and, forward, fp16 against the CPU's operation on the same rounded inputs, whose results are rounded once; and against itself, with threads, blocks
/// and streams in another order. The CPU's operation is tested against the double reference.
/// </summary>
public class KernelAgreementTests
{
    static uint _seed;

    static readonly int[][] Lengths = [[3, 1, 6, 2], [1], [33, 5, 64, 31], [1, 15, 16, 17, 31, 32, 63, 64, 65, 127, 128, 129], [512]];

    public static TheoryData<ElementType> Types => [ElementType.Float32, ElementType.BFloat16, ElementType.Float16];

    public static TheoryData<ElementType, int> RowWidths
    {
        get
        {
            TheoryData<ElementType, int> cases = [];
            foreach (ElementType type in Types.Select(row => row.Data))
                foreach (int width in new[] { 8, 24, 40, 64, 384, 768, 1024 }) cases.Add(type, width);
            return cases;
        }
    }

    public static TheoryData<ElementType, int, int> Widths
    {
        get
        {
            TheoryData<ElementType, int, int> cases = [];
            foreach (ElementType type in Types.Select(row => row.Data))
                foreach ((int rows, int width) in new[] { (0, 8), (1, 8), (3, 24), (4, 32), (5, 64), (33, 384), (9, 768), (67, 1024), (131, 136) }) cases.Add(type, rows, width);
            return cases;
        }
    }

    public static TheoryData<ElementType, int, int> Heads
    {
        get
        {
            TheoryData<ElementType, int, int> cases = [];
            foreach (ElementType type in Types.Select(row => row.Data))
                foreach (int size in new[] { 8, 24, 32, 64, 128, 136 })
                    for (int lengths = 0; lengths < Lengths.Length; lengths++)
                        if (lengths < 3 || size < 128) cases.Add(type, size, lengths);
            return cases;
        }
    }

    /// <summary>Runs the same on both, and compares all that it left.</summary>
    static void Compare(ElementType type, Action<Probe> run, double growth = 1)
    {
        using IBackend rounding = new RoundedBackend(), cuda = Backends.Create(Backends.Cuda);
        using Probe expected = new(rounding, type), actual = new(cuda, type), again = new(cuda, type);
        run(expected);
        run(actual);
        if (cuda.Name.Contains("SoftCuda", StringComparison.Ordinal)) SoftCuda.Seed(++_seed);
        run(again);
        foreach ((int i, GuardedMatrix result) in expected.Results.Index())
        {
            double unit = growth * (result.Matrix.Type == ElementType.Float32 ? 1e-5 : Reference.Cast.Unit(type));
            double[] values = actual.Results[i].Values;
            new Tolerance(unit / 16, unit, "a result on the other side of a boundary of rounding").Check(result.Values, values, $"result {i}");
            Assert.True(MemoryMarshal.AsBytes<double>(values).SequenceEqual(MemoryMarshal.AsBytes<double>(again.Results[i].Values)), $"result {i}: other bits in another order");
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Elementwise(ElementType type, int rows, int width) => Compare(type, p =>
    {
        p.Backend.GeluForward(p.Stored(rows, width, 1), p.Result(rows, width));
        p.Backend.TanhForward(p.Stored(rows, width, 1), p.Result(rows, width));
        p.Backend.Cast(p.Exact(rows, width, 1), p.Result(rows, width));
        p.Backend.Cast(p.Stored(rows, width, 1), p.ExactResult(rows, width));
        if (type == ElementType.Float16) return;
        p.Backend.GeluBackward(p.Stored(rows, width, 2), p.Stored(rows, width, 1), p.Result(rows, width));
        p.Backend.TanhBackward(p.Stored(rows, width, 2), p.Stored(rows, width, 1), p.Result(rows, width));
    });

    [Theory]
    [MemberData(nameof(Widths))]
    public void Products(ElementType type, int rows, int width) => Compare(type, p =>
    {
        p.Backend.LinearForward(p.Stored(rows, width, 1), p.Stored(24, width, 2), p.Stored(1, 24, 3), p.Result(rows, 24));
        p.Backend.LinearForward(p.Stored(rows, width, 1), p.Stored(24, width, 2), p.Exact(1, 24, 3), p.ExactResult(rows, 24));
        if (type == ElementType.Float16) return;
        Matrix dx = p.Result(rows, width);
        p.Backend.LinearBackwardInput(p.Stored(rows, 24, 4), p.Stored(24, width, 2), accumulate: false, dx);
        p.Backend.LinearBackwardInput(p.Stored(rows, 24, 5), p.Stored(24, width, 2), accumulate: true, dx);
        p.Backend.LinearBackwardWeight(p.Stored(rows, 24, 4), p.Stored(rows, width, 1), p.ExactSum(24, width), p.ExactSum(1, 24));
        p.Backend.LinearBackwardWeight(p.Stored(rows, 136, 6), p.Stored(rows, 8, 1), p.ExactSum(136, 8), p.ExactSum(1, 136));
    }, growth: Math.Sqrt(width));

    [Theory]
    [InlineData(0f)]
    [InlineData(0.25f)]
    public void LayerNorm(float rate)
    {
        foreach (ElementType type in Types.Select(row => row.Data))
            foreach (int width in new[] { 8, 24, 64, 384, 768, 1024, 1032, 2048, 4104 })
                Compare(type, p =>
                {
                    DeviceBatch batch = p.Batch(Lengths[width > 1024 ? 0 : 2]);
                    int rows = batch.Batch.Tokens;
                    Matrix normalized = p.Result(rows, width), rstd = p.ExactResult(1, rows), gamma = p.Exact(1, width, 4), beta = p.Exact(1, width, 5);
                    p.Backend.LayerNormForward(p.Stored(rows, width, 1), p.Exact(1, width, 2), p.Stored(rows, width, 3), batch.Batch.Offsets, batch.Mask(rate, 2), gamma, beta, 1e-5f, normalized, rstd, p.Result(rows, width));
                    if (type == ElementType.Float16) return;
                    Matrix stored = p.Stored(rows, width, 8), scale = p.Exact(1, rows, 9);
                    p.Backend.LayerNormBackward(p.Stored(rows, width, 6), stored, scale, batch.Batch.Offsets, batch.Mask(rate, 2), gamma, p.Result(rows, width), p.Result(rows, width), p.ExactSum(1, width), p.ExactSum(1, width), p.ExactSum(1, width));
                }, growth: 8);
    }

    [Theory]
    [MemberData(nameof(Heads))]
    public void Attention(ElementType type, int size, int lengths) => Compare(type, p =>
    {
        DeviceBatch batch = p.Batch(Lengths[lengths]);
        (int tokens, int sentences, int hidden) = (batch.Batch.Tokens, batch.Batch.Sentences, 2 * size);
        Matrix qkv = p.Stored(tokens, 3 * hidden, 1), context = p.Result(tokens, hidden), statistics = p.ExactResult(2, tokens);
        DropoutMask mask = type == ElementType.Float16 ? default : batch.Mask(0.2f, 2);
        p.Backend.AttentionForward(qkv, batch.Batch, 2, mask, context, statistics);
        Matrix q = p.Stored(sentences, hidden, 2), kv = p.Stored(tokens, 2 * hidden, 3), first = p.Result(sentences, hidden), firstStatistics = p.ExactResult(2, sentences);
        p.Backend.ClsAttentionForward(q, kv, batch.Batch, 2, mask, first, firstStatistics);
        if (type == ElementType.Float16) return;
        // The contexts are the same on both sides too, since a gradient is what is left of two near equal sums of them.
        p.Backend.AttentionBackward(p.Stored(tokens, hidden, 4), qkv, p.Stored(tokens, hidden, 6), statistics, batch.Batch, 2, mask, p.Result(tokens, 3 * hidden));
        p.Backend.ClsAttentionBackward(p.Stored(sentences, hidden, 5), q, kv, p.Stored(sentences, hidden, 7), firstStatistics, batch.Batch, 2, mask, p.Result(sentences, hidden), p.Result(tokens, 2 * hidden));
    }, growth: 10); // tensor cores take P, dP and dS rounded to the type

    [Theory]
    [MemberData(nameof(RowWidths))]
    public void Rows(ElementType type, int width) => Compare(type, p =>
    {
        DeviceBatch batch = p.Batch(Lengths[0]);
        int tokens = batch.Batch.Tokens;
        p.Backend.EmbeddingForward(batch.Batch, p.Stored(11, width, 1), p.Stored(8, width, 2), p.Stored(2, width, 3), p.Result(tokens, width));
        p.Backend.DropoutForward(p.Stored(tokens, width, 4), batch.Batch.Offsets, batch.Mask(0.3f, 2), p.Result(tokens, width));
        p.Backend.ClsPoolingForward(p.Stored(tokens, width, 4), batch.Batch, p.Result(4, width));
        Matrix mean = p.ExactResult(4, width);
        p.Backend.MeanPoolingForward(p.Stored(tokens, width, 4), batch.Batch, 0.5f, accumulate: false, mean);
        p.Backend.MeanPoolingForward(p.Stored(tokens, width, 5), batch.Batch, 0.5f, accumulate: true, mean);
        if (type == ElementType.Float16) return;
        p.Backend.EmbeddingBackward(p.Stored(tokens, width, 6), batch.Batch, p.ExactSum(11, width), p.ExactSum(8, width), p.ExactSum(2, width));
        p.Backend.DropoutBackward(p.Stored(tokens, width, 6), batch.Batch.Offsets, batch.Mask(0.3f, 2), p.Result(tokens, width));
        Matrix dx = p.Result(tokens, width);
        p.Backend.MeanPoolingBackward(p.Exact(4, width, 7), batch.Batch, 0.5f, accumulate: false, dx);
        p.Backend.MeanPoolingBackward(p.Exact(4, width, 8), batch.Batch, 0.5f, accumulate: true, dx);
        p.Backend.ClsPoolingBackward(p.Stored(4, width, 9), batch.Batch, dx);
    }, growth: 2);

    /// <summary>Inputs by their seeds, the same for both devices, and what an operation wrote.</summary>
    sealed class Probe(IBackend backend, ElementType type) : IDisposable
    {
        readonly List<IDisposable> _owned = [];

        public IBackend Backend => backend;

        public List<GuardedMatrix> Results { get; } = [];

        public Matrix Stored(int rows, int columns, int seed) => Own(new(backend, rows, columns, Numbers.Normal(rows * columns, seed), type));

        public Matrix Exact(int rows, int columns, int seed) => Own(new(backend, rows, columns, Numbers.Normal(rows * columns, seed)));

        public Matrix Result(int rows, int columns) => Keep(new(backend, rows, columns, type));

        public Matrix ExactResult(int rows, int columns) => Keep(new(backend, rows, columns));

        public Matrix ExactSum(int rows, int columns) => Keep(new(backend, rows, columns, new double[rows * columns]));

        public DeviceBatch Batch(int[] lengths)
        {
            DeviceBatch batch = new(backend, lengths);
            _owned.Add(batch);
            return batch;
        }

        public void Dispose()
        {
            foreach (IDisposable owned in _owned) owned.Dispose();
        }

        GuardedMatrix Keep(GuardedMatrix matrix)
        {
            Results.Add(matrix);
            return Own(matrix);
        }

        GuardedMatrix Own(GuardedMatrix matrix)
        {
            _owned.Add(matrix);
            return matrix;
        }
    }
}

using System.Runtime.InteropServices;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>
/// Every kernel in fp32, bf16 and, forward, fp16 against the CPU's operation on the same rounded inputs, whose results
/// are rounded once; and against itself, with threads, blocks and streams in another order. The CPU's operation is
/// tested against the double reference.
/// </summary>
[Collection("cuda")]
public class KernelAgreementTests
{
    const int Heads = 2;

    static readonly ElementType[] Types = [ElementType.Float32, ElementType.BFloat16, ElementType.Float16];

    static readonly int[][] Lengths =
    [
        [3, 1, 6, 2],
        [1],
        [33, 5, 64, 31],
        [1, 15, 16, 17, 31, 32, 63, 64, 65, 127, 128, 129],
        [512],
        [31, 32, 27, 1],
        [47, 33, 48, 41],
    ];

    static readonly (int Rows, int Width)[] Shapes =
        [(0, 8), (1, 8), (3, 24), (4, 32), (5, 64), (33, 384), (9, 768), (67, 1024), (131, 136)];

    static uint _seed;

    public static TheoryData<ElementType, int, int> AllShapes =>
        new(from type in Types from shape in Shapes select (type, shape.Rows, shape.Width));

    public static TheoryData<ElementType, int, int> AllHeads => new(
        from type in Types
        from size in new[] { 8, 24, 32, 64, 128, 136 }
        from lengths in Enumerable.Range(0, Lengths.Length)
        where lengths < 3 || size < 128
        select (type, size, lengths));

    public static MatrixTheoryData<ElementType, int> AllWidths => new(Types, [8, 24, 40, 64, 384, 768, 1024]);

    public static MatrixTheoryData<ElementType, float, int> AllLayerNorms =>
        new(Types, [0f, 0.25f], [8, 24, 64, 384, 768, 1024, 1032, 2048, 4104]);

    [Theory]
    [InlineData(ElementType.Float32, 5, 64)]
    [InlineData(ElementType.BFloat16, 3, 24)]
    [InlineData(ElementType.Float16, 33, 384)]
    public void Elementwise(ElementType type, int rows, int width) => CompareElementwise(type, rows, width);

    [Theory]
    [MemberData(nameof(AllShapes))]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Elementwise_in_every_shape(ElementType type, int rows, int width) =>
        CompareElementwise(type, rows, width);

    [Theory]
    [InlineData(ElementType.Float32, 5, 64)]
    [InlineData(ElementType.BFloat16, 3, 24)]
    [InlineData(ElementType.Float16, 1, 8)]
    public void Matmuls(ElementType type, int rows, int width) => CompareMatmuls(type, rows, width);

    [Theory]
    [MemberData(nameof(AllShapes))]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Matmuls_in_every_shape(ElementType type, int rows, int width) => CompareMatmuls(type, rows, width);

    [Theory]
    [InlineData(ElementType.Float32, 24)]
    [InlineData(ElementType.BFloat16, 64)]
    [InlineData(ElementType.BFloat16, 1032)]
    [InlineData(ElementType.Float16, 384)]
    public void LayerNorm(ElementType type, int width) => CompareLayerNorm(type, 0.25f, width);

    [Theory]
    [MemberData(nameof(AllLayerNorms))]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void LayerNorm_of_every_width(ElementType type, float rate, int width) =>
        CompareLayerNorm(type, rate, width);

    [Theory]
    [InlineData(ElementType.Float32, 24, 0)]
    [InlineData(ElementType.BFloat16, 24, 2)]
    [InlineData(ElementType.BFloat16, 32, 2)]
    [InlineData(ElementType.BFloat16, 64, 0)]
    [InlineData(ElementType.BFloat16, 64, 5)]
    [InlineData(ElementType.Float16, 32, 0)]
    public void Attention(ElementType type, int size, int lengths) => CompareAttention(type, size, lengths);

    [Theory]
    [MemberData(nameof(AllHeads))]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Attention_of_every_head_and_length(ElementType type, int size, int lengths) =>
        CompareAttention(type, size, lengths);

    [Theory]
    [InlineData(ElementType.Float32, 24)]
    [InlineData(ElementType.BFloat16, 40)]
    [InlineData(ElementType.Float16, 8)]
    public void Rows(ElementType type, int width) => CompareRows(type, width);

    [Theory]
    [MemberData(nameof(AllWidths))]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Rows_of_every_width(ElementType type, int width) => CompareRows(type, width);

    static void CompareElementwise(ElementType type, int rows, int width) => Compare(type, p =>
    {
        Activation[] activations = Enum.GetValues<Activation>();
        foreach (Activation activation in activations)
            p.Backend.ActivationForward(p.Input(rows, width, 1), activation, p.Result(rows, width));
        p.Backend.TanhForward(p.Input(rows, width, 1), p.Result(rows, width));
        p.Backend.Cast(p.Fp32Input(rows, width, 1), p.Result(rows, width));
        p.Backend.Cast(p.Input(rows, width, 1), p.Fp32Result(rows, width));
        if (type == ElementType.Float16) return;
        // In 16 bits each dx is up to 8e-6 off before it is rounded; in fp32 the sums are, of size √rows, at each row.
        double sumError = type == ElementType.Float32 ? 1e-7 * rows : 8e-6 * Math.Sqrt(rows);
        foreach (Activation activation in activations)
        {
            Matrix dy = p.Input(rows, width, 2);
            Matrix x = p.Input(rows, width, 1);
            p.Backend.ActivationBackward(dy, x, activation, p.Result(rows, width), p.Sum(1, width, sumError));
        }
        p.Backend.TanhBackward(p.Input(rows, width, 2), p.Input(rows, width, 1), p.Result(rows, width));
    });

    // The tolerance grows with the square root of the number of terms of a sum. Tensor cores cut the bits of partial
    // sums, of size √width, that lie below fp32's at each of width / 16 additions.
    static void CompareMatmuls(ElementType type, int rows, int width) => Compare(type, p =>
    {
        const int outputs = 24;
        Matrix x = p.Input(rows, width, 1);
        Matrix w = p.Input(outputs, width, 2);
        p.Backend.LinearForward(x, w, p.Input(1, outputs, 3), batchInvariant: false, p.Result(rows, outputs));
        p.Backend.LinearForward(x, w, p.Fp32Input(1, outputs, 3), p.Fp32Result(rows, outputs));
        if (type == ElementType.Float16) return;
        Matrix dy = p.Input(rows, outputs, 4);
        // Hardware rounds the product, at most six deviations large, before it is added to what may cancel it.
        Matrix dx = p.Result(rows, width, rounded: 6 * Math.Sqrt(outputs));
        p.Backend.LinearBackwardInput(dy, w, accumulate: false, dx);
        p.Backend.LinearBackwardInput(p.Input(rows, outputs, 5), w, accumulate: true, dx);
        p.Backend.LinearBackwardWeight(dy, x, accumulate: true, p.Sum(outputs, width), p.Sum(1, outputs));
        p.Backend.LinearBackwardWeight(
            p.Input(rows, 136, 6), p.Input(rows, 8, 1), accumulate: true, p.Sum(136, 8), p.Sum(1, 136));
    }, growth: Math.Sqrt(width), cut: Math.Pow(2, -23) * Math.Sqrt(width) * width / 16);

    // The tolerance grows because a row's sums cancel.
    static void CompareLayerNorm(ElementType type, float rate, int width) => Compare(type, p =>
    {
        DeviceBatch batch = p.Batch(Lengths[width > 1024 ? 0 : 2]);
        DropoutMask mask = batch.Mask(rate, 2);
        Matrix offsets = batch.Batch.Offsets;
        int rows = batch.Batch.Tokens;
        Matrix normalized = p.Result(rows, width);
        Matrix rstd = p.Fp32Result(1, rows);
        Matrix gamma = p.Fp32Input(1, width, 4);
        Matrix beta = p.Fp32Input(1, width, 5);
        Matrix x = p.Input(rows, width, 1);
        Matrix bias = p.Fp32Input(1, width, 2);
        Matrix residual = p.Input(rows, width, 3);
        p.Backend.LayerNormForward(
            x, bias, residual, offsets, mask, gamma, beta, 1e-5f, normalized, rstd, p.Result(rows, width));
        if (type == ElementType.Float16) return;
        Matrix savedNormalized = p.Input(rows, width, 8);
        Matrix savedRstd = p.Fp32Input(1, rows, 9);
        p.Backend.LayerNormBackward(
            p.Input(rows, width, 6), savedNormalized, savedRstd, offsets, mask, gamma,
            p.Result(rows, width), p.Result(rows, width), p.Sum(1, width), p.Sum(1, width), p.Sum(1, width));
    }, growth: 8);

    // The tolerance grows because tensor cores read P, dP and dS rounded to the type.
    static void CompareAttention(ElementType type, int size, int lengths) => Compare(type, p =>
    {
        DeviceBatch batch = p.Batch(Lengths[lengths]);
        PackedBatch packed = batch.Batch;
        DropoutMask mask = type == ElementType.Float16 ? default : batch.Mask(0.2f, 2);
        int tokens = packed.Tokens;
        int sentences = packed.Sentences;
        int hidden = Heads * size;

        Matrix qkv = p.Input(tokens, 3 * hidden, 1);
        Matrix context = p.Result(tokens, hidden);
        Matrix logSumExp = p.Fp32Result(Heads, tokens);
        p.Backend.AttentionForward(qkv, packed, Heads, mask, context, logSumExp);

        Matrix q = p.Input(sentences, hidden, 2);
        Matrix kv = p.Input(tokens, 2 * hidden, 3);
        Matrix clsLogSumExp = p.Fp32Result(Heads, sentences);
        p.Backend.ClsAttentionForward(q, kv, packed, Heads, mask, p.Result(sentences, hidden), clsLogSumExp);
        if (type == ElementType.Float16) return;

        // A gradient is the small difference of two sums: one is over the context, whose rounding some kernels avoid.
        Matrix dqkv = p.Result(tokens, 3 * hidden, rounded: type == ElementType.Float32 ? 0 : 1);
        // In 16 bits the sums are over rounded gradients: see AttentionBiasTests.
        Matrix dbias = type == ElementType.Float32 ? p.Sum(1, 3 * hidden) : default;
        p.Backend.AttentionBackward(
            p.Input(tokens, hidden, 4), qkv, context, logSumExp, packed, Heads, mask, dqkv, dbias);

        // Both sides read the same contexts: a gradient is the small difference of two sums over them.
        Matrix clsContext = p.Input(sentences, hidden, 7);
        Matrix dq = p.Result(sentences, hidden);
        Matrix dkv = p.Result(tokens, 2 * hidden);
        p.Backend.ClsAttentionBackward(
            p.Input(sentences, hidden, 5), q, kv, clsContext, clsLogSumExp, packed, Heads, mask, dq, dkv, default);
    }, growth: 10);

    static void CompareRows(ElementType type, int width) => Compare(type, p =>
    {
        DeviceBatch batch = p.Batch(Lengths[0]);
        PackedBatch packed = batch.Batch;
        int tokens = packed.Tokens;
        int sentences = packed.Sentences;
        Matrix x = p.Input(tokens, width, 4);
        Matrix words = p.Input(11, width, 1);
        Matrix positions = p.Input(8, width, 2);
        Matrix types = p.Input(2, width, 3);
        p.Backend.EmbeddingForward(packed, words, positions, types, p.Result(tokens, width));
        p.Backend.DropoutForward(x, packed.Offsets, batch.Mask(0.3f, 2), p.Result(tokens, width));
        p.Backend.ClsPoolingForward(x, packed, p.Result(sentences, width));
        Matrix mean = p.Fp32Result(sentences, width);
        p.Backend.MeanPoolingForward(x, packed, 0.5f, accumulate: false, mean);
        p.Backend.MeanPoolingForward(p.Input(tokens, width, 5), packed, 0.5f, accumulate: true, mean);
        TokenPooling[] modes = Enum.GetValues<TokenPooling>();
        Matrix pooled = p.Fp32Result(sentences, modes.Length * width);
        foreach (TokenPooling mode in modes) p.Backend.PoolingForward(x, packed, mode, (int)mode * width, pooled);
        Matrix rows = p.Integers([3, 4, 9, -1]);
        p.Backend.GatherForward(x, rows, p.Result(4, width));
        if (type == ElementType.Float16) return;
        Matrix dy = p.Input(tokens, width, 6);
        Matrix slots = p.Integers([.. Enumerable.Range(0, tokens).Select(row => Array.IndexOf([3, 4, 9], row))]);
        p.Backend.GatherBackward(p.Input(4, width, 10), slots, p.Result(tokens, width));
        // The sum may be over rounded gradients or over exact ones.
        Matrix dbias = type == ElementType.Float32 ? p.Sum(1, width) : p.Fp32Input(1, width, 12);
        p.Backend.CrossEntropyLoss(
            p.Fp32Input(4, width, 11), p.Integers([2, 0, 7, -1]), p.Integers([3]), 0.5f, p.State(),
            p.Fp32Result(1, 4), p.Result(4, width), dbias);
        p.Backend.EmbeddingBackward(
            dy, packed, p.Sum(11, width), p.Sum(8, width), p.Sum(2, width), touched: default);
        p.Backend.DropoutBackward(dy, packed.Offsets, batch.Mask(0.3f, 2), p.Result(tokens, width));
        Matrix dx = p.Result(tokens, width);
        p.Backend.MeanPoolingBackward(p.Fp32Input(sentences, width, 7), packed, 0.5f, accumulate: false, dx);
        p.Backend.MeanPoolingBackward(p.Fp32Input(sentences, width, 8), packed, 0.5f, accumulate: true, dx);
        p.Backend.ClsPoolingBackward(p.Input(sentences, width, 9), packed, dx);
    }, growth: 2);

    /// <summary>Runs the same operations on both backends and compares every result.</summary>
    static void Compare(ElementType type, Action<KernelProbe> run, double growth = 1, double cut = 0)
    {
        using IBackend rounding = new RoundedBackend();
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using KernelProbe expected = new(rounding, type);
        using KernelProbe actual = new(cuda, type);
        using KernelProbe again = new(cuda, type);
        run(expected);
        run(actual);
        cuda.FinishGradients();
        if (SoftCuda.IsDeviceOf(cuda)) SoftCuda.Seed(++_seed);
        run(again);
        cuda.FinishGradients();
        foreach ((int i, GuardedMatrix result) in expected.Results.Index())
        {
            double unit = growth * (result.Matrix.Type == ElementType.Float32 ? 1e-5 : Reference.Cast.Unit(type));
            double absolute = unit / 16 + cut + expected.Errors[result];
            Tolerance tolerance = new(absolute, unit, "a result on the other side of a rounding boundary");
            double[] values = actual.Results[i].Values;
            tolerance.Check(result.Values, values, $"result {i}");
            bool same = Bits(values).SequenceEqual(Bits(again.Results[i].Values));
            Assert.True(same, $"result {i}: other bits in another order");
        }

        static ReadOnlySpan<byte> Bits(double[] values) => MemoryMarshal.AsBytes<double>(values);
    }
}

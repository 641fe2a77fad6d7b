using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Bench;

/// <summary>The operations of a layer at the sizes of a batch of embedding: bytes moved, or operations done, a second.</summary>
static class OperationBench
{
    const int Runs = 20;

    public static void Run(IBackend backend, ElementType type, Workload work)
    {
        (int h, int f, int heads) = (work.Config.HiddenSize, work.Config.IntermediateSize, work.Config.Heads);
        using BatchMemory memory = new(backend);
        PackedBatch batch = memory.Upload(work.Draw(Math.Min(work.Sentences, 256), 3));
        int t = batch.Tokens;
        using Arena arena = new(backend);
        arena.Reset(type.Size() * ((long)t * (8 * h + 2 * f) + (long)f * h + 3L * h * h + 4 * f) + 4L * (heads * t + t + 4 * h) + 32 * 64);
        Matrix x = arena.Allocate(t, h, type), y = arena.Allocate(t, h, type), dy = arena.Allocate(t, h, type), wide = arena.Allocate(t, f, type), other = arena.Allocate(t, f, type);
        Matrix qkv = arena.Allocate(t, 3 * h, type), weight = arena.Allocate(f, h, type), bias = arena.Allocate(1, f, type), ones = arena.Allocate(1, h), statistics = arena.Allocate(heads, t), rstd = arena.Allocate(1, t);
        foreach (Matrix matrix in new[] { x, y, dy, wide, other, qkv, weight, bias, ones, statistics, rstd }) Fill(backend, matrix);
        double size = type.Size();
        string Bandwidth(double elements, double median) => $"{elements * size / median / 1e6:G3} GB/s";
        void Time(string what, Action run, Func<double, string> rate) => Timing.Write(what, type, Timing.Of(work.Repetitions, Runs, run, () => Wait(backend, ones)), rate);

        Time($"product [{t},{h}] by [{f},{h}]", () => backend.LinearForward(x, weight, bias, wide), median => $"{2.0 * t * h * f / median / 1e9:G3} TFLOP/s");
        Time($"layernorm forward [{t},{h}]", () => backend.LayerNormForward(x, ones, dy, batch.Offsets, default, ones, ones, 1e-12f, default, default, y), median => Bandwidth(3.0 * t * h, median));
        Time($"gelu forward [{t},{f}]", () => backend.GeluForward(wide, other), median => Bandwidth(2.0 * t * f, median));
        Time($"attention forward, {heads} heads", () => backend.AttentionForward(qkv, batch, heads, default, y, statistics), median => Bandwidth(4.0 * t * h, median));
        if (type == ElementType.Float16) return;
        Time($"attention backward, {heads} heads", () => backend.AttentionBackward(dy, qkv, y, statistics, batch, heads, default, qkv), median => Bandwidth(8.0 * t * h, median));
        Time($"layernorm backward [{t},{h}]", () => backend.LayerNormBackward(dy, x, rstd, batch.Offsets, default, ones, y, default, default, ones, ones), median => Bandwidth(3.0 * t * h, median));
        Time($"gelu backward [{t},{f}]", () => backend.GeluBackward(wide, other, other), median => Bandwidth(3.0 * t * f, median));
    }

    static void Fill(IBackend backend, Matrix matrix)
    {
        Random random = new(5);
        if (matrix.Type == ElementType.Float32)
        {
            float[] values = new float[matrix.Count];
            for (int i = 0; i < values.Length; i++) values[i] = 0.5f + random.NextSingle();
            backend.Upload<float>(values, matrix);
            return;
        }
        ushort[] bits = new ushort[matrix.Count];
        for (int i = 0; i < bits.Length; i++)
        {
            float value = 0.5f + random.NextSingle();
            bits[i] = matrix.Type == ElementType.Float16 ? BitConverter.HalfToUInt16Bits((Half)value) : (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
        }
        backend.Upload<ushort>(bits, matrix);
    }

    static void Wait(IBackend backend, Matrix any) => backend.Download(any.Reshape(any.Columns, 1).Slice(0, 1), new float[1].AsSpan());
}

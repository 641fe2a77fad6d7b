using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Bench;

/// <summary>Times the operations of a layer at the sizes of an embedding batch.</summary>
sealed class OperationBench : IDisposable
{
    const int Runs = 20;
    const int MaxSentences = 256;

    readonly IBackend _backend;
    readonly ElementType _type;
    readonly Workload _work;
    readonly BatchMemory _memory;
    readonly Arena _arena;
    readonly PackedBatch _batch;

    // T tokens, H hidden, F feed-forward.
    readonly Matrix _x;        // [T,H]
    readonly Matrix _y;        // [T,H]
    readonly Matrix _dy;       // [T,H]
    readonly Matrix _wide;     // [T,F]
    readonly Matrix _wideOut;  // [T,F]
    readonly Matrix _qkv;      // [T,3H]
    readonly Matrix _dqkv;     // [T,3H]
    readonly Matrix _weight;   // [F,H]
    readonly Matrix _bias;     // [1,F]
    readonly Matrix _gamma;    // [1,H]
    readonly Matrix _dgamma;   // [1,H]
    readonly Matrix _dbeta;    // [1,H]
    readonly Matrix _logSumExp;
    readonly Matrix _rstd;

    OperationBench(IBackend backend, ElementType type, Workload work)
    {
        _backend = backend;
        _type = type;
        _work = work;
        _memory = new BatchMemory(backend);
        _batch = _memory.Upload(work.Draw(Math.Min(work.Sentences, MaxSentences), 3));
        int h = work.Config.HiddenSize;
        int f = work.Config.IntermediateSize;
        int t = _batch.Tokens;
        long rowElements = 10L * h + 2L * f;
        _arena = new Arena(backend);
        _arena.Reset(sizeof(float) * (t * (rowElements + work.Config.Heads + 1) + (long)f * h + f + 2L * h) + 16 * 256);
        _x = _arena.Allocate(t, h, type);
        _y = _arena.Allocate(t, h, type);
        _dy = _arena.Allocate(t, h, type);
        _wide = _arena.Allocate(t, f, type);
        _wideOut = _arena.Allocate(t, f, type);
        _qkv = _arena.Allocate(t, 3 * h, type);
        _dqkv = _arena.Allocate(t, 3 * h, type);
        _weight = _arena.Allocate(f, h, type);
        _bias = _arena.Allocate(1, f, type);
        _gamma = _arena.Allocate(1, h);
        _dgamma = _arena.Allocate(1, h);
        _dbeta = _arena.Allocate(1, h);
        _logSumExp = _arena.Allocate(work.Config.Heads, t);
        _rstd = _arena.Allocate(1, t);
    }

    public static void Run(IBackend backend, ElementType type, Workload work)
    {
        using OperationBench bench = new(backend, type, work);
        bench.FillInputs();
        bench.TimeForward();
        if (type != ElementType.Float16) bench.TimeBackward();
    }

    public void Dispose()
    {
        _arena.Dispose();
        _memory.Dispose();
    }

    void TimeForward()
    {
        int t = _batch.Tokens;
        int h = _work.Config.HiddenSize;
        int f = _work.Config.IntermediateSize;
        int heads = _work.Config.Heads;
        double operations = 2.0 * t * h * f;
        Time(
            $"product [{t},{h}] by [{f},{h}]",
            () => _backend.LinearForward(_x, _weight, _bias, _wide),
            median => $"{operations / median / 1e9:G3} TFLOP/s");
        Time(
            $"layernorm forward [{t},{h}]",
            () => _backend.LayerNormForward(
                _x, _gamma, _dy, _batch.Offsets, default, _gamma, _gamma, 1e-12f, default, default, _y),
            median => Bandwidth(3.0 * t * h, median));
        Time(
            $"gelu forward [{t},{f}]",
            () => _backend.ActivationForward(_wide, Activation.Gelu, _wideOut),
            median => Bandwidth(2.0 * t * f, median));
        Time(
            $"attention forward, {heads} heads",
            () => _backend.AttentionForward(_qkv, _batch, heads, default, _y, _logSumExp),
            median => Bandwidth(4.0 * t * h, median));
    }

    void TimeBackward()
    {
        int t = _batch.Tokens;
        int h = _work.Config.HiddenSize;
        int f = _work.Config.IntermediateSize;
        int heads = _work.Config.Heads;
        Time(
            $"attention backward, {heads} heads",
            () => _backend.AttentionBackward(_dy, _qkv, _y, _logSumExp, _batch, heads, default, _dqkv, default),
            median => Bandwidth(8.0 * t * h, median));
        Time(
            $"layernorm backward [{t},{h}]",
            () => _backend.LayerNormBackward(
                _dy, _x, _rstd, _batch.Offsets, default, _gamma, _y, default, default, _dgamma, _dbeta),
            median => Bandwidth(3.0 * t * h, median));
        Time(
            $"gelu backward [{t},{f}]",
            () => _backend.ActivationBackward(_wide, _wideOut, Activation.Gelu, _wideOut, default),
            median => Bandwidth(3.0 * t * f, median));
    }

    void Time(string name, Action run, Func<double, string> rate) =>
        Timing.Write(name, _type, Timing.Measure(_work.Repetitions, Runs, run, Wait), rate);

    string Bandwidth(double elements, double median) => $"{elements * _type.Size() / median / 1e6:G3} GB/s";

    void Wait() => _backend.Download(_gamma.Reshape(_gamma.Columns, 1).Slice(0, 1), new float[1].AsSpan());

    void FillInputs()
    {
        Matrix[] inputs =
        [
            _x, _y, _dy, _wide, _wideOut, _qkv, _weight, _bias, _gamma, _dgamma, _dbeta, _logSumExp, _rstd,
        ];
        foreach (Matrix matrix in inputs) Fill(matrix);
    }

    /// <summary>Fills a matrix with numbers from 0.5 to 1.5.</summary>
    void Fill(Matrix matrix)
    {
        Random random = new(5);
        float[] values = new float[matrix.Count];
        for (int i = 0; i < values.Length; i++) values[i] = 0.5f + random.NextSingle();
        if (matrix.Type == ElementType.Float32) _backend.Upload<float>(values, matrix);
        else _backend.Upload<ushort>([.. values.Select(value => Bits(value, matrix.Type))], matrix);
    }

    static ushort Bits(float value, ElementType type) => type == ElementType.Float16
        ? BitConverter.HalfToUInt16Bits((Half)value)
        : (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
}

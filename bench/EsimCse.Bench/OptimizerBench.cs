using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Bench;

/// <summary>Times the passes of a step over all parameters: clearing, norm, AdamW with EMA and bf16 copies.</summary>
sealed class OptimizerBench : IDisposable
{
    const int Runs = 10;
    const int Fp32Arenas = 5;
    const int Bf16Arenas = 2;

    readonly IBackend _backend;
    readonly Workload _work;
    readonly Arena _arena;
    readonly int _length;
    readonly bool _hasBf16;
    readonly int[] _table;

    readonly Matrix _gradients;
    readonly Matrix _parameters;
    readonly Matrix _m;
    readonly Matrix _v;
    readonly Matrix _ema;
    readonly Matrix _bf16Weights;
    readonly Matrix _bf16Ema;
    readonly Matrix _chunks;
    readonly Matrix _partials;
    readonly StepState _state;

    OptimizerBench(IBackend backend, Workload work)
    {
        _backend = backend;
        _work = work;
        ParameterLayout layout = new(work.Config, head: true);
        _length = checked((int)layout.Length);
        _table = layout.Chunks();
        _hasBf16 = backend.SupportsDataType(ElementType.BFloat16);
        _arena = new Arena(backend);
        long bf16Bytes = _hasBf16 ? Bf16Arenas * sizeof(ushort) : 0;
        _arena.Reset((Fp32Arenas * sizeof(float) + bf16Bytes) * _length + 2L * sizeof(int) * _table.Length + 16 * 256);
        _gradients = _arena.Allocate(1, _length);
        _parameters = _arena.Allocate(1, _length);
        _m = _arena.Allocate(1, _length);
        _v = _arena.Allocate(1, _length);
        _ema = _arena.Allocate(1, _length);
        if (_hasBf16)
        {
            _bf16Weights = _arena.Allocate(1, _length, ElementType.BFloat16);
            _bf16Ema = _arena.Allocate(1, _length, ElementType.BFloat16);
        }
        _chunks = _arena.Allocate(_table.Length / ParameterChunk.Columns, ParameterChunk.Columns, ElementType.Int32);
        _partials = _arena.Allocate(1, _chunks.Rows);
        Matrix counters = _arena.Allocate(1, StepState.Length, ElementType.Int32);
        _state = new StepState(counters, _arena.Allocate(1, StepState.Length));
    }

    public static void Run(IBackend backend, Workload work)
    {
        using OptimizerBench bench = new(backend, work);
        bench.Fill();
        float before = bench.FirstParameter();
        int bf16Bytes = bench._hasBf16 ? Bf16Arenas * sizeof(ushort) : 0;
        bench.Time("AdamW", 9 * sizeof(float) + bf16Bytes, bench.Update);
        float after = bench.FirstParameter();
        if (!float.IsFinite(after) || after == before)
            throw new InvalidDataException($"the update left {after} of {before}");
        bench.Time(
            "gradient norm",
            sizeof(float),
            () => backend.GradientNorm(bench._gradients, bench._chunks, 1, bench._partials, bench._state));
        bench.Time("clearing gradients", sizeof(float), () => backend.ClearGradients(bench._chunks, bench._gradients));
    }

    public void Dispose() => _arena.Dispose();

    void Update() => _backend.AdamWUpdate(
        _gradients, _chunks, 0, 0.995f, _state, _parameters, _m, _v, _ema, _bf16Weights, _bf16Ema);

    /// <summary>Fills the arenas with small random numbers, as after a first step.</summary>
    void Fill()
    {
        Random random = new(6);
        float[] values = new float[_length];
        for (int i = 0; i < values.Length; i++) values[i] = random.NextSingle() - 0.5f;
        foreach (Matrix matrix in new[] { _gradients, _parameters, _m, _ema }) _backend.Upload<float>(values, matrix);
        _backend.Upload<float>([.. values.Select(value => value * value)], _v);
        _backend.Upload<int>(_table, _chunks);
        _backend.Upload<int>([1, 0, 0, 0, 0], _state.Counters);
        _backend.Upload<float>([0, 1e-6f, 1, 1, 0], _state.Scalars);
    }

    float FirstParameter()
    {
        float[] value = new float[1];
        _backend.Download(_parameters.Reshape(_length, 1).Slice(0, 1), value.AsSpan());
        return value[0];
    }

    void Time(string name, double bytesPerParameter, Action run)
    {
        double[] times = Timing.Measure(_work.Repetitions, Runs, run, Wait);
        Timing.Write(
            $"{name}, {_length} parameters",
            ElementType.Float32,
            times,
            median => $"{bytesPerParameter * _length / median / 1e6:G3} GB/s");
    }

    void Wait() => _backend.Download(_state.Scalars, new float[StepState.Length].AsSpan());
}

using EsimCse.Bench.Operations;
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

    /// <summary>Fills all arenas with small random numbers, as after a first step.</summary>
    public OptimizerBench(IBackend backend, Workload work)
    {
        _backend = backend;
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
        Fill();
    }

    /// <summary>The passes, with the bytes that each reads and writes.</summary>
    public OperationCase[] Cases =>
    [
        Pass("AdamW", 9 * sizeof(float) + (_hasBf16 ? Bf16Arenas * sizeof(ushort) : 0), Update),
        Pass(
            "gradient norm",
            sizeof(float),
            () => _backend.GradientNorm(_gradients, _chunks, touched: default, 1, _partials, _state)),
        Pass("clearing gradients", sizeof(float), () => _backend.ClearGradients(_chunks, touched: default, _gradients)),
    ];

    public static void Run(IBackend backend, Workload work)
    {
        using OptimizerBench bench = new(backend, work);
        bench.CheckUpdate();
        foreach (OperationCase pass in bench.Cases)
        {
            double[] times = Timing.Measure(work.Repetitions, Runs, pass.Run, bench.Wait);
            Timing.Write(
                $"{pass}", ElementType.Float32, times, median => $"{pass.Bytes / median / 1e6:G3} GB/s");
        }
    }

    /// <summary>Checks that an update changes the parameters.</summary>
    public void CheckUpdate()
    {
        float before = FirstParameter();
        Update();
        float after = FirstParameter();
        if (!float.IsFinite(after) || after == before)
            throw new InvalidDataException($"the update left {after} of {before}");
    }

    public void Dispose() => _arena.Dispose();

    void Update() => _backend.AdamWUpdate(
        _gradients, _chunks, touched: default, 0, 0.995f, _state, _parameters, _m, _v, _ema, _bf16Weights, _bf16Ema);

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

    OperationCase Pass(string name, int bytesPerParameter, Action run) =>
        new(name, $"{_length} parameters", 0, (double)bytesPerParameter * _length, run);

    void Wait() => _backend.Download(_state.Scalars, new float[StepState.Length].AsSpan());
}

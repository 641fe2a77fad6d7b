using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Bench;

/// <summary>What a step does to every parameter: clear, norm, and AdamW with the momentum encoder's average and the copies in bf16; bytes moved a second.</summary>
static class OptimizerBench
{
    const int Runs = 10;

    public static void Run(IBackend backend, Workload work)
    {
        ParameterLayout layout = new(work.Config, head: true);
        int length = checked((int)layout.Length);
        int[] table = layout.Chunks();
        bool shadows = backend.SupportsDataType(ElementType.BFloat16);
        using Arena arena = new(backend);
        arena.Reset((5L * sizeof(float) + (shadows ? 2L * sizeof(ushort) : 0)) * length + 2L * sizeof(int) * table.Length + 16 * 64);
        Matrix gradients = arena.Allocate(1, length), parameters = arena.Allocate(1, length), first = arena.Allocate(1, length), second = arena.Allocate(1, length), average = arena.Allocate(1, length);
        Matrix shadow = shadows ? arena.Allocate(1, length, ElementType.BFloat16) : default, averageShadow = shadows ? arena.Allocate(1, length, ElementType.BFloat16) : default;
        Matrix chunks = arena.Allocate(table.Length / ParameterChunk.Columns, ParameterChunk.Columns, ElementType.Int32), partials = arena.Allocate(1, chunks.Rows);
        StepState state = new(arena.Allocate(1, StepState.Length, ElementType.Int32), arena.Allocate(1, StepState.Length));
        float[] values = new float[length];
        Random random = new(6);
        for (int i = 0; i < length; i++) values[i] = random.NextSingle() - 0.5f;
        foreach (Matrix matrix in new[] { gradients, parameters, first, average }) backend.Upload<float>(values, matrix);
        backend.Upload<float>([.. values.Select(value => value * value)], second);
        backend.Upload<int>(table, chunks);
        backend.Upload<int>([1, 0, 0, 0], state.Counters);
        backend.Upload<float>([0, 1e-6f, 1, 1], state.Scalars);
        void Time(string what, double bytes, Action run) => Timing.Write($"{what}, {length} parameters", ElementType.Float32, Timing.Of(work.Repetitions, Runs, run, Wait),
            median => $"{bytes * length / median / 1e6:G3} GB/s");
        void Wait() => backend.Download(state.Scalars, new float[StepState.Length].AsSpan());

        Time("AdamW", 9 * sizeof(float) + (shadows ? 2 * sizeof(ushort) : 0), () => backend.AdamWUpdate(gradients, chunks, 0, 0.995f, state, parameters, first, second, average, shadow, averageShadow));
        float[] moved = new float[1];
        backend.Download(parameters.Reshape(length, 1).Slice(0, 1), moved.AsSpan());
        if (!float.IsFinite(moved[0]) || moved[0] == values[0]) throw new InvalidDataException($"the update left {moved[0]} of {values[0]}");
        Time("gradient norm", sizeof(float), () => backend.GradientNorm(gradients, chunks, 1, partials, state));
        Time("clearing gradients", sizeof(float), () => backend.ClearGradients(chunks, gradients));
    }
}

using EsimCse.Cpu;
using EsimCse.Tests.Reference;

namespace EsimCse.Tests.Operations;

public class AdamWTests
{
    // Two tensors with a gap of poison between them; the second neither decays nor is averaged.
    static readonly int[] Chunks = [0, 20, ParameterChunk.Decays | ParameterChunk.Averaged, 20, 13, ParameterChunk.Decays | ParameterChunk.Averaged, 40, 7, 0];
    static readonly int[] Used = [.. Enumerable.Range(0, 33), .. Enumerable.Range(40, 7)];

    static double[] Poisoned(double[] values)
    {
        double[] arena = [.. Enumerable.Repeat(double.NaN, 48)];
        for (int i = 0; i < Used.Length; i++) arena[Used[i]] = values[i];
        return arena;
    }

    static double[] Tensors(GuardedMatrix arena) => [.. Used.Select(i => arena.Values[i])];

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Fifty_steps_equal_the_reference_and_gaps_stay_as_they_are(string device)
    {
        using CpuBackend backend = Backends.Create(device);
        double[] theta = Numbers.Normal(40, 1), m = new double[40], v = new double[40], average = [.. theta];
        using GuardedMatrix p = new(backend, 1, 48, Poisoned(theta)), first = new(backend, 1, 48, Poisoned(m)), second = new(backend, 1, 48, Poisoned(v)), mean = new(backend, 1, 48, Poisoned(average)), g = new(backend, 1, 48);
        using GuardedMatrix chunks = new(backend, 3, 3, Chunks), partials = new(backend, 1, 3), counters = new(backend, 1, 4, new int[4]), scalars = new(backend, 1, 4, new double[4]);
        StepState state = new(counters, scalars);
        for (int step = 1; step <= 50; step++)
        {
            double[] gradients = [.. Numbers.Normal(40, 100 + step).Select((value, i) => i % 9 == 0 ? 0 : value)];
            backend.Upload<float>([.. Poisoned(gradients).Select(value => (float)value)], g);
            backend.Schedule(1e-2f, 60, state);
            backend.GradientNorm(g, chunks, 1, partials, state);
            backend.AdamWUpdate(g, chunks, 0.1f, 0.9f, state, p, first, second, mean);

            double norm = Math.Sqrt(gradients.Sum(value => value * value)), rate = 1e-2 * (1 - (step - 1) / 60.0), clip = Math.Min(1, 1 / (norm + 1e-6));
            new Tolerance(0, 1e-5, "fp32 sum of squares").Check([norm, rate, clip], [scalars.Values[StepState.GradientNorm], scalars.Values[StepState.LearningRate], scalars.Values[StepState.ClipScale]]);
            Part(0..33, 0.1);
            double[] kept = average[33..];
            Part(33..40, 0);
            kept.CopyTo(average, 33);

            void Part(Range range, double decay)
            {
                (double[] a, double[] b, double[] c, double[] d) = (theta[range], m[range], v[range], average[range]);
                AdamW.Step(a, gradients[range], b, c, d, step, rate, clip, decay, 0.9);
                foreach ((double[] source, double[] target) in new[] { (a, theta), (b, m), (c, v), (d, average) }) source.CopyTo(target, range.Start.Value);
            }
        }
        Tolerance rounding = new(1e-6, 2e-5, "fifty roundings of fp32");
        rounding.Check(theta, Tensors(p), "parameters");
        rounding.Check(average, Tensors(mean), "average");
        Assert.All(Enumerable.Range(33, 7), i => Assert.True(double.IsNaN(p.Values[i]) && double.IsNaN(first.Values[i])));
        backend.ClearGradients(chunks, g);
        Assert.All(Tensors(g), value => Assert.Equal(0, value));
        Assert.True(double.IsNaN(g.Values[35]));
    }

    [Fact]
    public void After_a_step_that_is_not_finite_nothing_moves()
    {
        using CpuBackend backend = new(1);
        using GuardedMatrix p = new(backend, 1, 48, Poisoned(Numbers.Normal(40, 1))), first = new(backend, 1, 48, new double[48]), second = new(backend, 1, 48, new double[48]), g = new(backend, 1, 48, Poisoned([double.PositiveInfinity, .. new double[39]]));
        using GuardedMatrix chunks = new(backend, 3, 3, Chunks), partials = new(backend, 1, 3), counters = new(backend, 1, 4, [8, 0, 0, 2]), scalars = new(backend, 1, 4, new double[4]), queue = new(backend, 2, 1, [1.0, 2.0]), row = new(backend, 1, 1, [9.0]);
        StepState state = new(counters, scalars);
        float[] before = p.Floats;
        backend.Schedule(1e-2f, 60, state);
        backend.GradientNorm(g, chunks, 1, partials, state);
        backend.AdamWUpdate(g, chunks, 0.1f, 0.9f, state, p, first, second, default);
        backend.QueuePush(row, queue, state);
        int[] marked = new int[4];
        backend.Download(counters.Matrix, marked.AsSpan());
        Assert.Equal([9, 9, 0, 2], marked);
        Assert.Equal(before, p.Floats);
        Assert.Equal([1f, 2f], queue.Floats);
    }

    [Fact]
    public void The_queue_is_a_ring_of_the_newest_rows()
    {
        using CpuBackend backend = new(1);
        using GuardedMatrix counters = new(backend, 1, 4, new int[4]), scalars = new(backend, 1, 4, new double[4]), queue = new(backend, 5, 2);
        List<float> expected = [];
        foreach ((int count, int number) in new[] { (3, 10), (3, 20), (9, 30), (5, 50), (1, 60) })
        {
            double[] rows = [.. Enumerable.Range(0, 2 * count).Select(i => (double)(number + i))];
            using GuardedMatrix pushed = new(backend, count, 2, rows);
            backend.QueuePush(pushed, queue, new StepState(counters, scalars));
            expected = [.. expected.Concat(rows.Select(value => (float)value)).TakeLast(10)];
            int[] state = new int[4];
            backend.Download(counters.Matrix, state.AsSpan());
            Assert.Equal(expected.Count / 2, state[StepState.QueueCount]);
            Assert.Equal(expected.Order(), queue.Floats.Take(expected.Count).Order());
        }
    }
}

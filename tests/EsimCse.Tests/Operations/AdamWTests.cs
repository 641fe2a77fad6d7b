using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class AdamWTests
{
    // Two tensors with a gap of poison between them; the second neither decays nor is averaged.
    static int[] Chunks(int split) => [0, 20, ParameterChunk.Decays | ParameterChunk.Ema, 20, split - 20, ParameterChunk.Decays | ParameterChunk.Ema, 40, 40 - split, 0];

    /// <summary>Where the first tensor ends; CUDA's are multiples of 4 long.</summary>
    static int SplitOf(string device) => Backends.Takes(device, 33) ? 33 : 32;

    static int[] Used(int split) => [.. Enumerable.Range(0, split), .. Enumerable.Range(40, 40 - split)];

    static double[] Poisoned(double[] values, int split)
    {
        double[] arena = [.. Enumerable.Repeat(double.NaN, 48)];
        foreach ((int place, double value) in Used(split).Zip(values)) arena[place] = value;
        return arena;
    }

    static double[] Tensors(GuardedMatrix arena, int split) => [.. Used(split).Select(i => arena.Values[i])];

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Fifty_steps_equal_the_reference_and_gaps_stay_as_they_are(string device)
    {
        using IBackend backend = Backends.Create(device);
        int split = SplitOf(device);
        double[] theta = Numbers.Normal(40, 1), m = new double[40], v = new double[40], average = [.. theta];
        using GuardedMatrix p = new(backend, 1, 48, Poisoned(theta, split)), first = new(backend, 1, 48, Poisoned(m, split)), second = new(backend, 1, 48, Poisoned(v, split)), mean = new(backend, 1, 48, Poisoned(average, split)), g = new(backend, 1, 48);
        using GuardedMatrix shadow = new(backend, 1, 48, ElementType.BFloat16), meanShadow = new(backend, 1, 48, ElementType.BFloat16);
        using GuardedMatrix chunks = new(backend, 3, 3, Chunks(split)), partials = new(backend, 1, 3), counters = new(backend, 1, 4, new int[4]), scalars = new(backend, 1, 4, new double[4]);
        StepState state = new(counters, scalars);
        for (int step = 1; step <= 50; step++)
        {
            double[] gradients = [.. Numbers.Normal(40, 100 + step).Select((value, i) => i % 9 == 0 ? 0 : value)];
            backend.Upload<float>([.. Poisoned(gradients, split).Select(value => (float)value)], g);
            backend.Schedule(1e-2f, 60, state);
            backend.GradientNorm(g, chunks, 1, partials, state);
            backend.AdamWUpdate(g, chunks, 0.1f, 0.9f, state, p, first, second, mean, shadow, meanShadow);

            double norm = Math.Sqrt(gradients.Sum(value => value * value)), rate = 1e-2 * (1 - (step - 1) / 60.0), clip = Math.Min(1, 1 / (norm + 1e-6));
            new Tolerance(0, 1e-5, "fp32 sum of squares").Check([norm, rate, clip], [scalars.Values[StepState.GradientNorm], scalars.Values[StepState.LearningRate], scalars.Values[StepState.ClipScale]]);
            Part(0..split, 0.1);
            double[] kept = average[split..];
            Part(split..40, 0);
            kept.CopyTo(average, split);

            void Part(Range range, double decay)
            {
                (double[] a, double[] b, double[] c, double[] d) = (theta[range], m[range], v[range], average[range]);
                AdamW.Step(a, gradients[range], b, c, d, step, rate, clip, decay, 0.9);
                foreach ((double[] source, double[] target) in new[] { (a, theta), (b, m), (c, v), (d, average) }) source.CopyTo(target, range.Start.Value);
            }
        }
        Tolerance rounding = new(1e-6, 2e-5, "fifty roundings of fp32");
        rounding.Check(theta, Tensors(p, split), "parameters");
        rounding.Check(average, Tensors(mean, split), "average");
        static double Rounded(double value) => Reference.Cast.Widen(Reference.Cast.Round(value, ElementType.BFloat16), ElementType.BFloat16);
        Assert.Equal(Tensors(p, split).Select(Rounded), Tensors(shadow, split));
        Assert.Equal(Tensors(mean, split).Take(split).Select(Rounded), Tensors(meanShadow, split).Take(split));
        Assert.All(Tensors(meanShadow, split).Skip(split), value => Assert.True(double.IsNaN(value), "the second tensor has no average"));
        Assert.All(Enumerable.Range(split, 40 - split), i => Assert.True(double.IsNaN(p.Values[i]) && double.IsNaN(first.Values[i])));
        backend.ClearGradients(chunks, g);
        Assert.All(Tensors(g, split), value => Assert.Equal(0, value));
        Assert.True(double.IsNaN(g.Values[39]));
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void After_a_step_that_is_not_finite_nothing_moves(string device)
    {
        using IBackend backend = Backends.Create(device);
        int split = SplitOf(device);
        using GuardedMatrix p = new(backend, 1, 48, Poisoned(Numbers.Normal(40, 1), split)), first = new(backend, 1, 48, new double[48]), second = new(backend, 1, 48, new double[48]), g = new(backend, 1, 48, Poisoned([double.PositiveInfinity, .. new double[39]], split));
        using GuardedMatrix chunks = new(backend, 3, 3, Chunks(split)), partials = new(backend, 1, 3), counters = new(backend, 1, 4, [8, 0, 0, 2]), scalars = new(backend, 1, 4, new double[4]), queue = new(backend, 2, 4, [1.0, 2, 3, 4, 5, 6, 7, 8]), row = new(backend, 1, 4, [9.0, 9, 9, 9]);
        StepState state = new(counters, scalars);
        float[] before = p.Floats;
        backend.Schedule(1e-2f, 60, state);
        backend.GradientNorm(g, chunks, 1, partials, state);
        backend.AdamWUpdate(g, chunks, 0.1f, 0.9f, state, p, first, second, default, default, default);
        backend.QueuePush(row, queue, state);
        int[] marked = new int[4];
        backend.Download(counters.Matrix, marked.AsSpan());
        Assert.Equal([9, 9, 0, 2], marked);
        Assert.Equal(before, p.Floats);
        Assert.Equal([1f, 2, 3, 4, 5, 6, 7, 8], queue.Floats);
    }
}

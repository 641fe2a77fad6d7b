using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class GradientNormTests
{
    static readonly int[] Chunks = [0, 512, 0, 516, 4, 3, 600, 200, 1];

    [Theory]
    [InlineData("cpu-1", 0.01)]
    [InlineData("cpu-3", 3)]
    [InlineData("cuda", 0.01)]
    [InlineData("cuda", 3)]
    public void The_norm_over_the_chunks_and_the_clip_scale_equal_the_reference(string device, double size)
    {
        using IBackend backend = Backends.Create(device);
        double[] gradients = [.. Numbers.Normal(800, 1, size).Select((value, i) => i is >= 512 and < 516 or >= 520 and < 600 ? double.NaN : value)];
        using GuardedMatrix arena = new(backend, 1, 800, gradients), chunks = new(backend, 3, 3, Chunks), partials = new(backend, 1, 3);
        using GuardedMatrix counters = new(backend, 1, 4, [5, 0, 0, 0]), scalars = new(backend, 1, 4, new double[4]);
        backend.GradientNorm(arena, chunks, 1, partials, new StepState(counters, scalars));
        (double norm, double scale) = GradientNorm.Of(gradients, Chunks, 1);
        new Tolerance(0, 1e-5, "a sum of squares in fp32").Check([norm, scale], [scalars.Values[StepState.GradientNorm], scalars.Values[StepState.ClipScale]]);
        Assert.Equal(size < 0.1, scale == 1);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_first_step_that_is_not_finite_is_marked_and_stays_marked(string device)
    {
        using IBackend backend = Backends.Create(device);
        foreach ((double loss, double gradient) in new (double, double)[] { (1, double.NaN), (double.PositiveInfinity, 1), (1, double.NegativeInfinity), (double.NaN, 1) })
        {
            using GuardedMatrix arena = new(backend, 1, 800, [.. Enumerable.Repeat(gradient, 800)]), chunks = new(backend, 3, 3, Chunks), partials = new(backend, 1, 3);
            using GuardedMatrix counters = new(backend, 1, 4, [5, 0, 0, 0]), scalars = new(backend, 1, 4, [loss, 0, 0, 0]);
            foreach (int step in new[] { 5, 6 })
            {
                backend.Upload<int>([step, step == 5 ? 0 : 5, 0, 0], counters);
                backend.GradientNorm(arena, chunks, 1, partials, new StepState(counters, scalars));
                int[] counted = new int[4];
                backend.Download(counters.Matrix, counted.AsSpan());
                Assert.Equal([step, 5, 0, 0], counted);
            }
        }
    }
}

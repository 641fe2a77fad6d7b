using EsimCse.Core.Backend;
using EsimCse.Cpu;
using EsimCse.Tests.Support;
using Definition = EsimCse.Tests.Reference.Contrastive;

namespace EsimCse.Tests.Operations;

public class ContrastiveTests
{
    static (float Loss, double[] Gradient) Run(IBackend backend, double[] h, double[]? queue, int pairs, int size, int rows, int held, bool streaming = false)
    {
        using GuardedMatrix gh = new(backend, 2 * pairs, size, h), counters = new(backend, 1, 4, [1, 0, 0, held]), scalars = new(backend, 1, 4, new double[4]), dh = new(backend, 2 * pairs, size);
        using GuardedMatrix logits = new(backend, pairs, pairs + rows), weights = new(backend, pairs, pairs + rows), norms = new(backend, 1, 2 * pairs + rows);
        using GuardedMatrix gq = queue is null ? new(backend, 0, size) : new(backend, rows, size, [.. queue, .. Enumerable.Repeat(double.NaN, (rows - held) * size)]);
        backend.ContrastiveLoss(gh, queue is null ? default : gq.Matrix, 0.05f, new StepState(counters, scalars), streaming ? default : logits.Matrix, streaming ? default : weights.Matrix, norms, dh);
        return (scalars.Floats[StepState.Loss], dh.Values);
    }

    [Theory]
    [InlineData("cpu-1", 1, 8, 0)]
    [InlineData("cpu-1", 1, 5, 3)]
    [InlineData("cpu-3", 2, 33, 0)]
    [InlineData("cpu-3", 5, 16, 7)]
    [InlineData("cuda", 1, 8, 0)]
    [InlineData("cuda", 1, 40, 3)]
    [InlineData("cuda", 2, 32, 0)]
    [InlineData("cuda", 5, 16, 7)]
    [InlineData("cuda", 7, 136, 11)]
    [InlineData("cuda", 3, 1024, 70)]
    [InlineData("cuda", 2, 1032, 3)]
    [InlineData("cuda", 1, 2056, 1)]
    [InlineData("cpu-3", 40, 24, 33)]
    [InlineData("cuda", 40, 24, 33)]
    public void Loss_and_gradient_equal_the_reference(string device, int pairs, int size, int held)
    {
        using IBackend backend = Backends.Create(device);
        double[] h = Numbers.Normal(2 * pairs * size, 1), queue = Numbers.Normal(held * size, 2);
        (float loss, double[] gradient) = Run(backend, h, held == 0 ? null : queue, pairs, size, held == 0 ? 0 : held + 4, held);
        double Reference(double[] h) => Definition.Loss(h, queue, 0.05, pairs, held, size);
        (float streamed, double[] streamedGradient) = Run(backend, h, held == 0 ? null : queue, pairs, size, held == 0 ? 0 : held + 4, held, streaming: true);
        new Tolerance(1e-6, 2e-5, "cosines in fp32, divided by the temperature").Check([Reference(h), Reference(h)], [loss, streamed], "loss");
        new Tolerance(2e-6, 2e-5, "the same sums in another order").Check(gradient, streamedGradient, "dh, streaming");
        new Tolerance(1e-4, 1e-4, "fp32 softmax of logits up to 20").Check(FiniteDifference.Gradient(h, [1], moved => [Reference(moved)]), gradient, "dh");
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_small_loss_keeps_its_digits(string device)
    {
        using IBackend backend = Backends.Create(device);
        double[] h = [1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0.1f, 0, 0, 0, 0, 0, 0, 0.2f, 1, 0.3f, 0, 0, 0, 0, 0];
        double expected = Definition.Loss(h, [], 0.05, 2, 0, 8);
        Assert.InRange(expected, 1e-9, 1e-5);
        foreach (bool streaming in new[] { false, true }) Assert.Equal(1, Run(backend, h, null, 2, 8, 0, 0, streaming).Loss / expected, 1e-4);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Equal_vectors_tie_and_NaN_shows(string device)
    {
        using IBackend backend = Backends.Create(device);
        double[] ones = [.. Enumerable.Repeat(1.0, 6 * 8)], broken = [double.NaN, .. ones[1..]];
        foreach (bool streaming in new[] { false, true })
        {
            Assert.Equal(Math.Log(3), Run(backend, ones, null, 3, 8, 0, 0, streaming).Loss, 1e-6);
            Assert.True(float.IsNaN(Run(backend, broken, null, 3, 8, 0, 0, streaming).Loss));
        }
    }

    [Fact]
    public void A_zero_vector_gives_no_gradient_through_its_norm_and_no_NaN()
    {
        using CpuBackend backend = new(1);
        (float loss, double[] gradient) = Run(backend, [0, 0, 1, 0, 0, 1, 1, 1], null, 2, 2, 0, 0);
        Assert.True(float.IsFinite(loss));
        Assert.All(gradient, value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public void NaN_shows_in_the_loss()
    {
        using CpuBackend backend = new(1);
        Assert.True(float.IsNaN(Run(backend, [1, double.NaN, 1, 0, 0, 1, 1, 1], null, 2, 2, 0, 0).Loss));
    }
}

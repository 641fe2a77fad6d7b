using EsimCse.Cpu;
using Definition = EsimCse.Tests.Reference.Contrastive;

namespace EsimCse.Tests.Operations;

public class ContrastiveTests
{
    static (float Loss, double[] Gradient) Run(IBackend backend, double[] h, double[]? queue, int pairs, int size, int rows, int held)
    {
        using GuardedMatrix gh = new(backend, 2 * pairs, size, h), counters = new(backend, 1, 4, [1, 0, 0, held]), scalars = new(backend, 1, 4, new double[4]), dh = new(backend, 2 * pairs, size);
        using GuardedMatrix logits = new(backend, pairs, pairs + rows), weights = new(backend, pairs, pairs + rows), norms = new(backend, 1, 2 * pairs + rows);
        using GuardedMatrix gq = queue is null ? new(backend, 0, size) : new(backend, rows, size, [.. queue, .. Enumerable.Repeat(double.NaN, (rows - held) * size)]);
        backend.ContrastiveLoss(gh, queue is null ? default : gq.Matrix, 0.05f, new StepState(counters, scalars), logits, weights, norms, dh);
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
    public void Loss_and_gradient_equal_the_reference(string device, int pairs, int size, int held)
    {
        using IBackend backend = Backends.Create(device);
        double[] h = Numbers.Normal(2 * pairs * size, 1), queue = Numbers.Normal(held * size, 2);
        (float loss, double[] gradient) = Run(backend, h, held == 0 ? null : queue, pairs, size, held == 0 ? 0 : held + 4, held);
        double Reference(double[] h) => Definition.Loss(h, queue, 0.05, pairs, held, size);
        new Tolerance(1e-6, 2e-5, "cosines in fp32, divided by the temperature").Check([Reference(h)], [loss], "loss");
        new Tolerance(1e-4, 1e-4, "fp32 softmax of logits up to 20").Check(FiniteDifference.Gradient(h, [1], moved => [Reference(moved)]), gradient, "dh");
    }

    [Fact]
    public void A_small_loss_keeps_its_digits()
    {
        using CpuBackend backend = new(1);
        double[] h = [1, 0, 0, 0, 1, 0, 1, 0.1f, 0, 0.2f, 1, 0.3f];
        double expected = Definition.Loss(h, [], 0.05, 2, 0, 3);
        Assert.InRange(expected, 1e-9, 1e-5);
        Assert.Equal(1, Run(backend, h, null, 2, 3, 0, 0).Loss / expected, 1e-4);
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

using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class DropoutTests
{
    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public void Forward_and_backward_multiply_by_the_reference_mask(string device, int width, int[] lengths)
    {
        using DropoutCase dropout = new(Backends.Create(device), lengths, width, rate: 0.4f);
        dropout.Forward();
        double[] expected = [.. dropout.X.Initial.Zip(dropout.Multipliers, (x, multiplier) => x * multiplier)];
        Tolerance.Elementwise.Check(expected, dropout.Y.Values);

        // The backward of x must be the forward of x: both multiply by the mask.
        dropout.BackwardOnXInPlace();
        Assert.Equal(dropout.Y.Floats, dropout.X.Floats);

        int count = dropout.Multipliers.Length;
        if (count > 1000) Assert.InRange(dropout.Multipliers.Count(value => value == 0) / (double)count, 0.3, 0.5);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Masked_copies_have_masks_of_their_own(string device)
    {
        using DropoutCase dropout = new(Backends.Create(device), [3, 1, 6, 2], width: 24, rate: 0.4f, firstView: 2);
        dropout.Forward();
        double[] expected = [.. dropout.X.Initial.Zip(dropout.Multipliers, (x, multiplier) => x * multiplier)];
        Tolerance.Elementwise.Check(expected, dropout.Y.Values);
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Without_a_rate_nothing_changes(string device)
    {
        using DropoutCase dropout = new(Backends.Create(device), [3, 2], width: 8, rate: 0);
        dropout.ForwardWithoutMask();
        Assert.Equal(dropout.X.Floats, dropout.Y.Floats);
    }

    sealed class DropoutCase : OperationCase
    {
        readonly DeviceBatch _batch;
        readonly DropoutMask _mask;

        public DropoutCase(IBackend backend, int[] lengths, int width, float rate, int firstView = 0) : base(backend)
        {
            _batch = Own(new DeviceBatch(backend, lengths));
            _mask = _batch.Mask(rate, sentencesPerView: 2) with { FirstView = firstView };
            Multipliers = _batch.Multipliers(rate, sentencesPerView: 2, width, firstView);
            X = Random(lengths.Sum(), width, seed: 1);
            Y = Result(lengths.Sum(), width);
        }

        public GuardedMatrix X { get; }

        public GuardedMatrix Y { get; }

        /// <summary>The reference's mask, times its scale.</summary>
        public double[] Multipliers { get; }

        public void Forward() => _backend.DropoutForward(X, _batch.Batch.Offsets, _mask, Y);

        public void ForwardWithoutMask() => _backend.DropoutForward(X, _batch.Batch.Offsets, default, Y);

        public void BackwardOnXInPlace() => _backend.DropoutBackward(X, _batch.Batch.Offsets, _mask, X);
    }
}

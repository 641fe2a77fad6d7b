using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class MeanPoolingTests
{
    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public void Forward_and_backward_equal_the_reference(string device, int width, int[] lengths)
    {
        using MeanPoolingCase pooling = new(Backends.Create(device), lengths, width);
        pooling.Run(accumulate: false);
        Tolerance.RowSum.Check(pooling.ExpectedY, pooling.Y.Values, "y");
        Tolerance.Elementwise.Check(pooling.ExpectedDx, pooling.Dx.Values, "dx");

        pooling.Run(accumulate: true);
        Tolerance.RowSum.Check([.. pooling.ExpectedY.Select(value => 2 * value)], pooling.Y.Values, "2 y");
        Tolerance.Elementwise.Check([.. pooling.ExpectedDx.Select(value => 2 * value)], pooling.Dx.Values, "2 dx");

        bool isSmall = lengths.Sum() is > 0 and < 20 && width < 10;
        if (isSmall) Tolerance.FiniteDifferences.Check(pooling.DifferenceDx(), pooling.ExpectedDx);
    }

    sealed class MeanPoolingCase : OperationCase
    {
        const float Scale = 0.5f;

        readonly DeviceBatch _batch;
        readonly int _width;
        readonly GuardedMatrix _x;
        readonly GuardedMatrix _dy;

        public MeanPoolingCase(IBackend backend, int[] lengths, int width) : base(backend)
        {
            _batch = Own(new DeviceBatch(backend, lengths));
            _width = width;
            _x = Random(lengths.Sum(), width, seed: 1);
            _dy = Random(lengths.Length, width, seed: 2);
            Y = Result(lengths.Length, width);
            Dx = Result(lengths.Sum(), width);
            ExpectedY = Reference(_x.Initial);
            ExpectedDx = MeanPooling.Backward(_dy.Initial, _batch.Offsets, Scale, width);
        }

        public GuardedMatrix Y { get; }

        public GuardedMatrix Dx { get; }

        public double[] ExpectedY { get; }

        public double[] ExpectedDx { get; }

        public void Run(bool accumulate)
        {
            _backend.MeanPoolingForward(_x, _batch.Batch, Scale, accumulate, Y);
            _backend.MeanPoolingBackward(_dy, _batch.Batch, Scale, accumulate, Dx);
        }

        public double[] DifferenceDx() => FiniteDifference.Gradient(_x.Initial, _dy.Initial, Reference);

        double[] Reference(double[] x) => MeanPooling.Forward(x, _batch.Offsets, Scale, _width);
    }
}

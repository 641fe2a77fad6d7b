using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class ClsPoolingTests
{
    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public void Forward_and_backward_equal_the_reference(string device, int width, int[] lengths)
    {
        using ClsPoolingCase pooling = new(Backends.Create(device), lengths, width);
        pooling.Run();
        Assert.Equal(pooling.Forward(pooling.X.Initial), pooling.Y.Values);
        Tolerance.Elementwise.Check(pooling.Backward(pooling.Dx.Initial), pooling.Dx.Values, "dx");

        bool isSmall = lengths.Sum() is > 0 and < 20 && width < 10;
        if (!isSmall) return;
        double[] differences = FiniteDifference.Gradient(pooling.X.Initial, pooling.Dy.Initial, pooling.Forward);
        Tolerance.FiniteDifferences.Check(differences, pooling.Backward(new double[pooling.X.Initial.Length]));
    }

    sealed class ClsPoolingCase : OperationCase
    {
        readonly DeviceBatch _batch;
        readonly int _width;

        public ClsPoolingCase(IBackend backend, int[] lengths, int width) : base(backend)
        {
            _batch = Own(new DeviceBatch(backend, lengths));
            _width = width;
            X = Random(lengths.Sum(), width, seed: 1);
            Y = Result(lengths.Length, width);
            Dy = Random(lengths.Length, width, seed: 2);
            Dx = Random(lengths.Sum(), width, seed: 3);
        }

        public GuardedMatrix X { get; }

        public GuardedMatrix Y { get; }

        public GuardedMatrix Dy { get; }

        public GuardedMatrix Dx { get; }

        public void Run()
        {
            _backend.ClsPoolingForward(X, _batch.Batch, Y);
            _backend.ClsPoolingBackward(Dy, _batch.Batch, Dx);
        }

        public double[] Forward(double[] x) => ClsPooling.Forward(x, _batch.Offsets, _width);

        public double[] Backward(double[] dx) => ClsPooling.Backward(Dy.Initial, _batch.Offsets, _width, dx);
    }
}

using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class GeluTests
{
    static readonly (int Rows, int Width)[] Sizes =
        [(0, 5), (1, 1), (0, 8), (1, 8), (3, 15), (5, 16), (7, 33), (2, 1000)];

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Forward_and_backward_equal_the_reference(string device)
    {
        foreach ((int rows, int width) in Sizes.Where(size => Backends.SupportsWidth(device, size.Width)))
        {
            using GeluCase gelu = new(Backends.Create(device), rows, width, Numbers.Normal(rows * width, 1, 3));
            gelu.Forward();
            Tolerance.Elementwise.Check(Gelu.Forward(gelu.X.Initial), gelu.Y.Values, "y");
            gelu.Backward();
            if (rows * width >= 300) continue;
            double[] differences = FiniteDifference.Gradient(gelu.X.Initial, gelu.Dy.Initial, Gelu.Forward);
            Tolerance tolerance = new(2e-6, 1e-5, "fp32, against central differences in double");
            tolerance.Check(differences, gelu.Dx.Values, "dx");
        }
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_negative_tail_keeps_its_digits(string device)
    {
        using GeluCase gelu = new(Backends.Create(device), 1, 8, [-1, -2, -4, -6, -8, -10, 0, 1]);
        gelu.Forward();
        Tolerance tolerance = new(1e-30, 1e-5, "exp of −x²/2 in fp32, whose argument has 24 bits");
        tolerance.Check(Gelu.Forward(gelu.X.Initial), gelu.Y.Values);
    }

    sealed class GeluCase : OperationCase
    {
        public GeluCase(IBackend backend, int rows, int width, double[] x) : base(backend)
        {
            X = Filled(rows, width, x);
            Y = Result(rows, width);
            Dy = Random(rows, width, seed: 2);
            Dx = Result(rows, width);
        }

        public GuardedMatrix X { get; }

        public GuardedMatrix Y { get; }

        public GuardedMatrix Dy { get; }

        public GuardedMatrix Dx { get; }

        public void Forward() => _backend.GeluForward(X, Y);

        public void Backward() => _backend.GeluBackward(Dy, X, Dx);
    }
}

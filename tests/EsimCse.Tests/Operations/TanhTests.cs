using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class TanhTests
{
    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public void Forward_and_backward_in_place_equal_the_reference(string device, int width, int[] lengths)
    {
        using TanhCase tanh = new(Backends.Create(device), lengths.Sum(), width);
        tanh.ForwardInPlace();
        Tolerance.Elementwise.Check(Tanh.Forward(tanh.X.Initial), tanh.X.Values);
        tanh.BackwardInPlace();
        if (tanh.X.Initial.Length >= 300) return;
        double[] expected = FiniteDifference.Gradient(tanh.X.Initial, tanh.Dy.Initial, Tanh.Forward);
        new Tolerance(1e-6, 1e-5, "1 − y² of a y in fp32").Check(expected, tanh.Dy.Values);
    }

    sealed class TanhCase : OperationCase
    {
        public TanhCase(IBackend backend, int rows, int width) : base(backend)
        {
            X = Random(rows, width, seed: 1, scale: 2);
            Dy = Random(rows, width, seed: 2);
        }

        /// <summary>x, then y.</summary>
        public GuardedMatrix X { get; }

        /// <summary>dy, then dx.</summary>
        public GuardedMatrix Dy { get; }

        public void ForwardInPlace() => _backend.TanhForward(X, X);

        public void BackwardInPlace() => _backend.TanhBackward(Dy, X, Dy);
    }
}

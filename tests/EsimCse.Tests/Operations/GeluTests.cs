using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class GeluTests
{
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Forward_and_backward_equal_the_reference(string device)
    {
        using IBackend backend = Backends.Create(device);
        foreach ((int m, int n) in new[] { (0, 5), (1, 1), (0, 8), (1, 8), (3, 15), (5, 16), (7, 33), (2, 1000) })
        {
            if (!Backends.Takes(device, n)) continue;
            double[] x = Numbers.Normal(m * n, 1, 3), dy = Numbers.Normal(m * n, 2);
            using GuardedMatrix gx = new(backend, m, n, x), gdy = new(backend, m, n, dy), y = new(backend, m, n), dx = new(backend, m, n);
            backend.GeluForward(gx, y);
            Tolerance.Elementwise.Check(Gelu.Forward(x), y.Values, "y");
            backend.GeluBackward(gdy, gx, dx);
            if (m * n < 300) new Tolerance(2e-6, 1e-5, "fp32, against central differences in double").Check(FiniteDifference.Gradient(x, dy, Gelu.Forward), dx.Values, "dx");
        }
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_negative_tail_keeps_its_digits(string device)
    {
        using IBackend backend = Backends.Create(device);
        double[] x = [-1, -2, -4, -6, -8, -10, 0, 1];
        using GuardedMatrix gx = new(backend, 1, x.Length, x), y = new(backend, 1, x.Length);
        backend.GeluForward(gx, y);
        new Tolerance(1e-30, 1e-5, "exp of −x²/2 in fp32, whose argument has 24 bits").Check(Gelu.Forward(x), y.Values);
    }
}

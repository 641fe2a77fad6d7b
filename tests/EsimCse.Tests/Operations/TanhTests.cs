using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class TanhTests
{
    [Theory]
    [MemberData(nameof(Shapes.All), MemberType = typeof(Shapes))]
    public void Forward_and_backward_equal_the_reference(string device, int width, int[] lengths)
    {
        using IBackend backend = Backends.Create(device);
        int rows = lengths.Sum();
        double[] x = Numbers.Normal(rows * width, 1, 2), dy = Numbers.Normal(rows * width, 2);
        using GuardedMatrix gx = new(backend, rows, width, x), gdy = new(backend, rows, width, dy);
        backend.TanhForward(gx, gx);
        Tolerance.Elementwise.Check(Tanh.Forward(x), gx.Values);
        backend.TanhBackward(gdy, gx, gdy);
        if (x.Length < 300) new Tolerance(1e-6, 1e-5, "1 − y² of a y in fp32").Check(FiniteDifference.Gradient(x, dy, Tanh.Forward), gdy.Values);
    }
}

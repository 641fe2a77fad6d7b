using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

public class GatherTests
{
    [Theory]
    [InlineData("cpu-1", 1, 1, new[] { 0 })]
    [InlineData("cpu-3", 5, 7, new[] { 1, 2, 4, -1 })]
    [InlineData("cpu-3", 200, 33, new[] { 0, 63, 64, 130, 199 })]
    [InlineData("cpu-1", 3, 4, new int[0])]
    [InlineData("cuda", 1, 8, new[] { 0 })]
    [InlineData("cuda", 5, 24, new[] { 1, 2, 4, -1, -1 })]
    [InlineData("cuda", 33, 1032, new[] { 0, 31, 32 })]
    [InlineData("cuda", 3, 8, new int[0])]
    [InlineData("cuda", 2, 16, new[] { -1, -1 })]
    public void Forward_and_backward_equal_the_reference(string device, int tokens, int width, int[] rows)
    {
        using GatherCase gather = new(Backends.Create(device), tokens, width, rows);
        gather.Run();
        Assert.Equal(Gather.Forward(gather.X.Initial, rows, width), gather.Y.Values);
        Assert.Equal(gather.ExpectedDx, gather.Dx.Values);
        if (tokens * width > 200) return;
        double[] differences = FiniteDifference.Gradient(
            gather.X.Initial, gather.Dy.Initial, x => Gather.Forward(x, rows, width));
        Tolerance.FiniteDifferences.Check(differences, gather.ExpectedDx);
    }

    sealed class GatherCase : OperationCase
    {
        readonly int[] _rows;
        readonly GuardedMatrix _rowList, _slots;

        public GatherCase(IBackend backend, int tokens, int width, int[] rows) : base(backend)
        {
            _rows = rows;
            _rowList = Filled(1, rows.Length, rows);
            _slots = Filled(1, tokens, [.. Enumerable.Range(0, tokens).Select(token => Array.IndexOf(rows, token))]);
            X = Random(tokens, width, seed: 1);
            Y = Result(rows.Length, width);
            Dy = Random(rows.Length, width, seed: 2);
            Dx = Result(tokens, width);
        }

        public GuardedMatrix X { get; }

        public GuardedMatrix Y { get; }

        public GuardedMatrix Dy { get; }

        public GuardedMatrix Dx { get; }

        public double[] ExpectedDx => Gather.Backward(Dy.Initial, _rows, X.Matrix.Rows, X.Matrix.Columns);

        public void Run()
        {
            _backend.GatherForward(X, _rowList, Y);
            _backend.GatherBackward(Dy, _slots, Dx);
        }
    }
}

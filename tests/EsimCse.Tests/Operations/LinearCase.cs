using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

/// <summary>A linear layer of m rows from k to n columns.</summary>
sealed class LinearCase : OperationCase
{
    readonly int _m;
    readonly int _n;
    readonly int _k;

    public LinearCase(IBackend backend, int m, int n, int k) : base(backend)
    {
        _m = m;
        _n = n;
        _k = k;
        X = Random(m, k, seed: 1);
        W = Random(n, k, seed: 2);
        Bias = Random(1, n, seed: 3);
        Dy = Random(m, n, seed: 4);
        Y = Result(m, n);
        Dx = Result(m, k);
        Dw = Zeros(n, k);
        Dbias = Zeros(1, n);
    }

    public GuardedMatrix X { get; }

    public GuardedMatrix W { get; }

    public GuardedMatrix Bias { get; }

    public GuardedMatrix Dy { get; }

    public GuardedMatrix Y { get; }

    public GuardedMatrix Dx { get; }

    public GuardedMatrix Dw { get; }

    public GuardedMatrix Dbias { get; }

    public double[] ExpectedY => Reference(input => input.Initial);

    public double[] ExpectedDx => Linear.BackwardInput(Dy.Initial, W.Initial, _m, _n, _k);

    public (double[] Dw, double[] Dbias) ExpectedWeightGradients =>
        Linear.BackwardWeight(Dy.Initial, X.Initial, _m, _n, _k);

    public void Forward() => _backend.LinearForward(X, W, Bias, Y);

    public void BackwardInput(bool accumulate) => _backend.LinearBackwardInput(Dy, W, accumulate, Dx);

    public void BackwardWeight()
    {
        _backend.LinearBackwardWeight(Dy.Matrix, X.Matrix, accumulate: true, Dw.Matrix, Dbias.Matrix);
        _backend.FinishGradients();
    }

    /// <summary>Computes the gradient of Σ dy y with respect to one of the inputs by central differences.</summary>
    public double[] DifferenceGradient(GuardedMatrix input) => DifferenceGradient(input, Dy, Reference);

    double[] Reference(Func<GuardedMatrix, double[]> values) =>
        Linear.Forward(values(X), values(W), values(Bias), _m, _n, _k);
}

using EsimCse.Core.Backend;
using EsimCse.Tests.Reference;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

/// <summary>Bias, dropout, residual and layer normalization of a packed batch.</summary>
sealed class LayerNormCase : OperationCase
{
    const double Epsilon = 1e-5;

    readonly DeviceBatch _batch;
    readonly DropoutMask _dropout;
    readonly double[] _multipliers;

    /// <summary>Creates the case; dbias, dγ and dβ start with `parameterGradients`, or zero.</summary>
    public LayerNormCase(
        IBackend backend, int[] lengths, int columns, float rate, int sentencesPerView = 2,
        double[]? parameterGradients = null)
        : base(backend)
    {
        Rows = lengths.Sum();
        Columns = columns;
        _batch = Own(new DeviceBatch(backend, lengths));
        _dropout = _batch.Mask(rate, sentencesPerView);
        _multipliers = _batch.Multipliers(rate, sentencesPerView, columns);
        X = Random(Rows, columns, seed: 1);
        Bias = Random(1, columns, seed: 2);
        Residual = Random(Rows, columns, seed: 3);
        Gamma = Random(1, columns, seed: 4);
        Beta = Random(1, columns, seed: 5);
        Dy = Random(Rows, columns, seed: 6);
        Y = Result(Rows, columns);
        Rstd = Result(1, Rows);
        Dz = Result(Rows, columns);
        Dx = Result(Rows, columns);
        double[] before = parameterGradients ?? new double[columns];
        Dbias = Filled(1, columns, before);
        Dgamma = Filled(1, columns, before);
        Dbeta = Filled(1, columns, before);
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>x before the forward, normalized after it.</summary>
    public GuardedMatrix X { get; }

    public GuardedMatrix Bias { get; }

    public GuardedMatrix Residual { get; }

    public GuardedMatrix Gamma { get; }

    public GuardedMatrix Beta { get; }

    public GuardedMatrix Y { get; }

    public GuardedMatrix Rstd { get; }

    public GuardedMatrix Dy { get; }

    public GuardedMatrix Dz { get; }

    public GuardedMatrix Dx { get; }

    public GuardedMatrix Dbias { get; }

    public GuardedMatrix Dgamma { get; }

    public GuardedMatrix Dbeta { get; }

    /// <summary>Runs the forward; normalized overwrites x.</summary>
    public void Forward() => _backend.LayerNormForward(
        X, Bias, Residual, _batch.Batch.Offsets, _dropout, Gamma, Beta, (float)Epsilon, X, Rstd, Y);

    /// <summary>Runs the forward without bias, residual and dropout.</summary>
    public void ForwardOfXOnly() => _backend.LayerNormForward(
        X, default, default, _batch.Batch.Offsets, default, Gamma, Beta, (float)Epsilon, X, Rstd, Y);

    public void Backward(Matrix dz, Matrix dx, Matrix dbias, bool withDropout = true)
    {
        DropoutMask dropout = withDropout ? _dropout : default;
        _backend.LayerNormBackward(
            Dy, X, Rstd, _batch.Batch.Offsets, dropout, Gamma, dz, dx, dbias, Dgamma, Dbeta);
        _backend.FinishGradients();
    }

    /// <summary>Computes the forward of the initial inputs by the reference.</summary>
    public LayerNorm.Output ReferenceForward() => ReferenceForward(input => input.Initial);

    /// <summary>Computes the backward by the reference, from the normalized rows and rstd on the device.</summary>
    public LayerNorm.Gradients ReferenceBackward() => ReferenceBackward(X.Values, Rstd.Values);

    public LayerNorm.Gradients ReferenceBackward(double[] normalized, double[] rstd) =>
        LayerNorm.Backward(Dy.Initial, normalized, rstd, _multipliers, Gamma.Initial, Rows, Columns);

    /// <summary>Computes the gradient of Σ dy y with respect to one of the inputs by central differences.</summary>
    public double[] DifferenceGradient(GuardedMatrix input) =>
        DifferenceGradient(input, Dy, values => ReferenceForward(values).Y);

    LayerNorm.Output ReferenceForward(Func<GuardedMatrix, double[]> values) => LayerNorm.Forward(
        values(X), values(Bias), values(Residual), _multipliers, values(Gamma), values(Beta), Epsilon, Rows, Columns);
}

using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

/// <summary>A cross-entropy of rows of logits, some of them without a label, and its gradient.</summary>
sealed class CrossEntropyCase : OperationCase
{
    public const double Weight = 0.25, LossBefore = 3;

    readonly double[] _logits;
    readonly int[] _labels;
    readonly int _columns;

    /// <summary>Creates the case: logits [labels.Length, columns].</summary>
    public CrossEntropyCase(IBackend backend, int[] labels, int columns, double[] logits) : base(backend)
    {
        _labels = labels;
        _columns = columns;
        _logits = logits;
    }

    public double ExpectedLoss => Reference.CrossEntropy.Loss(_logits, _labels, _columns);

    public double[] ExpectedGradient =>
        [.. Reference.CrossEntropy.Gradient(_logits, _labels, _columns).Select(value => Weight * value)];

    /// <summary>Computes the gradient by central differences of the reference.</summary>
    public double[] DifferenceGradient() => FiniteDifference.Gradient(
        _logits, [Weight], logits => [Reference.CrossEntropy.Loss(logits, _labels, _columns)]);

    /// <summary>Runs on the device, at once or in two parts of the rows; dlogits may be logits.</summary>
    public Output Run(bool inPlace, int firstPart = 0)
    {
        using TrainingState state = new(_backend, scalars: [LossBefore, 0, 0, 0, 0]);
        using GuardedMatrix logits = new(_backend, _labels.Length, _columns, _logits);
        using GuardedMatrix other = new(_backend, _labels.Length, _columns);
        using GuardedMatrix labels = new(_backend, 1, _labels.Length, _labels);
        using GuardedMatrix count = new(_backend, 1, 1, new[] { _labels.Count(label => label >= 0) });
        using GuardedMatrix losses = new(_backend, 1, _labels.Length);
        using GuardedMatrix dbias = new(_backend, 1, _columns, Numbers.Normal(_columns, 5));
        GuardedMatrix dlogits = inPlace ? logits : other;
        foreach ((int first, int rows) in new[] { (0, firstPart), (firstPart, _labels.Length - firstPart) })
        {
            Matrix part = labels.Matrix.Reshape(_labels.Length, 1).Slice(first, rows).Reshape(1, rows);
            _backend.CrossEntropyLoss(
                logits.Matrix.Slice(first, rows), part, count, (float)Weight, state,
                losses, dlogits.Matrix.Slice(first, rows), dbias);
        }
        double[] added = [.. dbias.Values.Zip(dbias.Initial, (after, before) => after - before)];
        float[] scalars = state.Scalars.Floats;
        return new(scalars[StepState.MaskedLanguageLoss], scalars[StepState.Loss], dlogits.Values, added);
    }

    public sealed record Output(float MlmLoss, float Loss, double[] Dlogits, double[] Dbias);
}

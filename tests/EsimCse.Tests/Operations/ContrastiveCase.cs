using EsimCse.Core.Backend;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Operations;

/// <summary>A contrastive loss over pairs and a queue of negatives, and its gradient.</summary>
sealed class ContrastiveCase : OperationCase
{
    public const double Temperature = 0.05;

    // rows of the queue beyond its count
    const int UnusedRows = 4;

    readonly double[] _h;
    readonly double[] _queue;
    readonly int _pairs;
    readonly int _size;
    readonly int _negatives;
    readonly int _views;

    /// <summary>
    /// Creates the case: h [2·pairs,size] or [3·pairs,size], queue [negatives,size], absent if there are no negatives.
    /// </summary>
    public ContrastiveCase(IBackend backend, int pairs, int size, double[] h, double[]? queue = null) : base(backend)
    {
        _pairs = pairs;
        _size = size;
        _h = h;
        _queue = queue ?? [];
        _negatives = _queue.Length / size;
        _views = h.Length / size / pairs;
    }

    /// <summary>Numbers of the texts, [2·pairs] or [3·pairs]; null where all differ.</summary>
    public int[]? Texts { get; init; }

    public double HardNegativeWeight { get; init; }

    public double ExpectedLoss => Reference(_h);

    /// <summary>Computes dh by central differences of the reference.</summary>
    public double[] DifferenceDh() => FiniteDifference.Gradient(_h, [1], h => [Reference(h)]);

    /// <summary>Returns loss and dh on the device, with buffers for all logits or without.</summary>
    public (float Loss, double[] Dh) Run(bool streaming)
    {
        int rows = _negatives == 0 ? 0 : _negatives + UnusedRows;
        double[] unused = [.. Enumerable.Repeat(double.NaN, (rows - _negatives) * _size)];
        using TrainingState state = new(_backend, [1, 0, 0, _negatives, 0], [0, 0, 0, 0, double.NaN]);
        int vectors = _views * _pairs;
        using GuardedMatrix h = new(_backend, vectors, _size, _h);
        using GuardedMatrix texts = new(_backend, 1, vectors, Texts ?? new int[vectors]);
        using GuardedMatrix queue = new(_backend, rows, _size, [.. _queue, .. unused]);
        using GuardedMatrix logits = new(_backend, _pairs, vectors - _pairs + rows);
        using GuardedMatrix weights = new(_backend, _pairs, vectors - _pairs + rows);
        using GuardedMatrix norms = new(_backend, 1, vectors + rows);
        using GuardedMatrix dh = new(_backend, vectors, _size);
        _backend.ContrastiveLoss(
            h,
            rows == 0 ? default : queue.Matrix,
            Texts is null ? default : texts.Matrix,
            _pairs,
            (float)HardNegativeWeight,
            (float)Temperature,
            state,
            streaming ? default : logits.Matrix,
            streaming ? default : weights.Matrix,
            norms,
            dh);
        float[] scalars = state.Scalars.Floats;
        Assert.Equal(0, scalars[StepState.MaskedLanguageLoss]);
        return (scalars[StepState.Loss], dh.Values);
    }

    double Reference(double[] h)
    {
        int[] texts = Texts ?? [.. Enumerable.Range(0, _views * _pairs)];
        return Tests.Reference.Contrastive.Loss(h, _queue, Temperature, _pairs, _size, texts, HardNegativeWeight);
    }
}

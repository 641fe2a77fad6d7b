using EsimCse.Core.Backend;

namespace EsimCse.Core.Training.Losses;

/// <summary>
/// The loss of ESimCSE over batch and queue: cross-entropy of cosine similarities, with the other positives, all hard
/// negatives and the queue as negatives. Gao et al., SimCSE, arXiv 2104.08821; Wu et al., ESimCSE, arXiv 2109.04380.
/// </summary>
sealed class ContrastiveLoss
{
    /// <summary>
    /// Logits beyond which they are recomputed where needed, not stored: 128 MiB with their softmax weights.
    /// </summary>
    const long MaxStoredLogits = 1 << 24;

    readonly IBackend _backend;
    readonly TrainingOptions _options;
    readonly int _rows;
    readonly Matrix _queue, _logits, _weights, _norms;

    /// <summary>Allocates the buffers of one step of B rows.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="arena">The memory of the buffers.</param>
    /// <param name="options">The temperature, and the weight of hard negatives.</param>
    /// <param name="rows">B.</param>
    /// <param name="views">V, vectors of a row: 2, or 3 with a hard negative.</param>
    /// <param name="dimension">E, the size of a vector.</param>
    /// <param name="queue">[Q,E]; absent for no queue.</param>
    public ContrastiveLoss(
        IBackend backend, Arena arena, TrainingOptions options, int rows, int views, int dimension, Matrix queue)
    {
        _backend = backend;
        _options = options;
        _rows = rows;
        _queue = queue;
        int candidates = checked((views - 1) * rows + queue.Rows);
        Gradient = arena.Allocate(views * rows, dimension);
        if ((long)rows * candidates <= MaxStoredLogits)
        {
            _logits = arena.Allocate(rows, candidates);
            _weights = arena.Allocate(rows, candidates);
        }
        _norms = arena.Allocate(1, rows + candidates);
    }

    /// <summary>[VB,E]: the gradient of the loss for the vectors.</summary>
    public Matrix Gradient { get; }

    /// <summary>
    /// Computes the loss into <see cref="StepState.Loss"/>, and <see cref="Gradient"/>. vectors [VB,E] in fp32: the
    /// anchors', the positives', then the hard negatives'. texts as in <see cref="IBatchSource.UploadTexts"/>.
    /// </summary>
    public void Compute(Matrix vectors, Matrix texts, StepState state) => _backend.ContrastiveLoss(
        vectors,
        _queue,
        texts,
        _rows,
        _options.HardNegativeWeight,
        _options.Temperature,
        state,
        _logits,
        _weights,
        _norms,
        Gradient);
}

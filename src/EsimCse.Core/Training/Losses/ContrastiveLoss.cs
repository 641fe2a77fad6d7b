using EsimCse.Core.Backend;

namespace EsimCse.Core.Training.Losses;

/// <summary>
/// The loss of ESimCSE over batch and queue: cross-entropy of cosine similarities, with the other positives and the
/// queue as negatives. Gao et al., SimCSE, arXiv 2104.08821; Wu et al., ESimCSE, arXiv 2109.04380.
/// </summary>
sealed class ContrastiveLoss
{
    /// <summary>
    /// Logits beyond which they are recomputed where needed, not stored: 128 MiB with their softmax weights.
    /// </summary>
    const long MaxStoredLogits = 1 << 24;

    readonly IBackend _backend;
    readonly float _temperature;
    readonly Matrix _queue, _logits, _weights, _norms;

    /// <summary>Allocates the buffers of one step of B pairs.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="arena">The memory of the buffers.</param>
    /// <param name="pairs">B.</param>
    /// <param name="dimension">E, the size of a vector.</param>
    /// <param name="temperature">τ.</param>
    /// <param name="queue">[Q,E]; absent for no queue.</param>
    public ContrastiveLoss(IBackend backend, Arena arena, int pairs, int dimension, float temperature, Matrix queue)
    {
        _backend = backend;
        _temperature = temperature;
        _queue = queue;
        int candidates = checked(pairs + queue.Rows);
        Gradient = arena.Allocate(2 * pairs, dimension);
        if ((long)pairs * candidates <= MaxStoredLogits)
        {
            _logits = arena.Allocate(pairs, candidates);
            _weights = arena.Allocate(pairs, candidates);
        }
        _norms = arena.Allocate(1, pairs + candidates);
    }

    /// <summary>[2B,E]: the gradient of the loss for the vectors.</summary>
    public Matrix Gradient { get; }

    /// <summary>
    /// Computes the loss into <see cref="StepState.Loss"/>, and <see cref="Gradient"/>. vectors [2B,E] in fp32: the
    /// anchors', then the positives'.
    /// </summary>
    public void Compute(Matrix vectors, StepState state) =>
        _backend.ContrastiveLoss(vectors, _queue, _temperature, state, _logits, _weights, _norms, Gradient);
}

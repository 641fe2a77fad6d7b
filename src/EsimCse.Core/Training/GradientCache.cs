using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Training.Losses;

namespace EsimCse.Core.Training;

/// <summary>
/// The gradients of a batch that is encoded in parts: all parts are encoded once for their vectors, from which the loss
/// and its gradient by the vectors follow, then each part once more for its backward pass. Gao et al., Scaling Deep
/// Contrastive Learning Batch Size under Memory Limited Setup, arXiv 2101.06983.
/// </summary>
sealed class GradientCache : IDisposable
{
    readonly IBackend _backend;
    readonly BertParameters _bert;
    readonly PersistentBuffers _persistent;
    readonly TrainingOptions _options;
    readonly int _partRows;
    readonly Arena _partArena, _batchArena;

    /// <summary>Prepares parts of <see cref="TrainingOptions.MicroBatch"/> rows.</summary>
    public GradientCache(BertParameters bert, PersistentBuffers persistent, TrainingOptions options)
    {
        _backend = bert.Backend;
        _bert = bert;
        _persistent = persistent;
        _options = options;
        _partRows = options.MicroBatch ?? int.MaxValue;
        _partArena = new Arena(_backend);
        _batchArena = new Arena(_backend);
    }

    /// <summary>Whether a batch of that many rows is encoded in parts.</summary>
    public bool Splits(int rows) => rows > _partRows;

    /// <summary>Adds the gradients of a step's loss to those of the parameters.</summary>
    public void Compute(IBatchSource source, int step)
    {
        int rows = source.CountRows(step);
        (Matrix vectors, ContrastiveLoss loss) = ReserveBatch(rows, source.Views);
        int maskedTokens = 0;
        foreach ((int first, int count) in Parts(rows)) maskedTokens += Encode(source, step, first, count, vectors);

        // The loss reads the queue: the push of the step before, which ran meanwhile, must have arrived.
        _backend.WaitForSideStream();
        loss.Compute(vectors, source.UploadTexts(step), _persistent.StepState);
        foreach ((int first, int count) in Parts(rows))
            Backward(source, step, first, count, loss.Gradient, maskedTokens);
    }

    /// <summary>Packs the parts that reach into the last rows of a step's batch, one after the other.</summary>
    public IEnumerable<TrainingBatch> PackLast(IBatchSource source, int step, int lastRows)
    {
        int rows = source.CountRows(step);
        foreach ((int first, int count) in Parts(rows).Where(part => part.First + part.Count > rows - lastRows))
        {
            TrainingBatch batch = source.Reserve(step, first, count);
            SetFirst(first);
            source.Pack(_persistent.StepState, batch.Views);
            SetFirst(0);
            yield return batch;
        }
    }

    public void Dispose()
    {
        _partArena.Dispose();
        _batchArena.Dispose();
    }

    IEnumerable<(int First, int Count)> Parts(int rows)
    {
        for (int first = 0; first < rows; first += _partRows) yield return (first, Math.Min(_partRows, rows - first));
    }

    /// <summary>Encodes a part to its vectors; returns the number of its masked tokens.</summary>
    int Encode(IBatchSource source, int step, int first, int count, Matrix vectors)
    {
        (TrainingBatch batch, StepBuffers buffers, _) = ReservePart(source, step, first, count);
        Forward(source, batch, buffers);
        SetFirst(0);
        int rows = vectors.Rows / source.Views;
        for (int view = 0; view < source.Views; view++)
        {
            Matrix encoded = buffers.Head.Vectors.Slice(view * count, count);
            _backend.Copy(encoded, vectors.Slice(view * rows + first, count));
        }
        return batch.MaskedTokens;
    }

    /// <summary>Adds a part's gradients, its share of the mean over all masked tokens of the batch included.</summary>
    void Backward(IBatchSource source, int step, int first, int count, Matrix dvectors, int maskedTokens)
    {
        (TrainingBatch batch, StepBuffers buffers, Matrix gradient) = ReservePart(source, step, first, count);
        int rows = dvectors.Rows / source.Views;
        for (int view = 0; view < source.Views; view++)
            _backend.Copy(dvectors.Slice(view * rows + first, count), gradient.Slice(view * count, count));
        Forward(source, batch, buffers);
        buffers.MaskTokens();
        if (maskedTokens > 0) _backend.Upload<int>([maskedTokens], buffers.MaskedTokens.Count);
        bool accumulate = first > 0;
        GraphKey key = buffers.Activations.Key(source, accumulate ? "part backward" : "first part backward");
        _backend.RunGraph(key with { MaskedTokens = buffers.MaskedTokens.Rows.Columns }, () =>
        {
            buffers.Backward.Run(buffers.Head.Backward(gradient), accumulate);
            buffers.MaskedLanguage?.Run();
            _backend.FinishGradients();
        });
        SetFirst(0);
    }

    void Forward(IBatchSource source, TrainingBatch batch, StepBuffers buffers) =>
        _backend.RunGraph(buffers.Activations.Key(source, "part forward"), () =>
        {
            source.Pack(_persistent.StepState, batch.Views);
            buffers.Forward.Run();
            buffers.Head.Forward();
        });

    /// <summary>Reserves the vectors [VB,E] of a batch and the buffers of its loss.</summary>
    (Matrix Vectors, ContrastiveLoss Loss) ReserveBatch(int rows, int views)
    {
        int width = _bert.Config.HiddenSize;
        return _batchArena.Carve(arena => (
            arena.Allocate(views * rows, width),
            new ContrastiveLoss(_backend, arena, _options, rows, views, width, _persistent.Queue)));
    }

    /// <summary>
    /// Reserves a part of a step's batch, the buffers of its passes, and the gradient of its vectors; draws are from
    /// then on those of the part.
    /// </summary>
    (TrainingBatch Batch, StepBuffers Buffers, Matrix Gradient) ReservePart(
        IBatchSource source, int step, int first, int count)
    {
        TrainingBatch batch = source.Reserve(step, first, count);
        SetFirst(first);
        return _partArena.Carve(arena =>
        {
            Matrix gradient = arena.Allocate(batch.Views.Sentences, _bert.Config.HiddenSize);
            return (batch, new StepBuffers(arena, _bert, _persistent, _options, batch), gradient);
        });
    }

    void SetFirst(int sentence) => _backend.Upload<int>([sentence], _persistent.StepState.FirstSentenceCounter);
}

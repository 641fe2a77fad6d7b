using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Training.Losses;

namespace EsimCse.Core.Training;

/// <summary>
/// One step of ESimCSE: both views through the encoder, the loss over batch and queue, the backward pass, the pass of
/// the masked-language loss where it has a weight, clipping, AdamW with the momentum encoder's average, and the
/// momentum encoder's vectors into the queue. The last part runs on the side stream during the next step's forward
/// pass.
/// </summary>
sealed class TrainingStep : IDisposable
{
    const float MaxGradientNorm = 1;

    readonly IBackend _backend;
    readonly BertParameters _bert;
    readonly TrainingOptions _options;
    readonly int _steps;
    readonly Arena _persistentArena, _stepArena;
    readonly PersistentBuffers _persistent;
    readonly MomentumEncoder? _momentumEncoder;
    readonly BatchMemory _batch;
    readonly GradientCache _gradientCache;

    /// <summary>Allocates the state of a run.</summary>
    /// <param name="bert">The model to train; it has a head exactly where the pooler has one.</param>
    /// <param name="options">The hyperparameters.</param>
    /// <param name="steps">The number of steps, over which the schedule extends.</param>
    public TrainingStep(BertParameters bert, TrainingOptions options, int steps)
    {
        _backend = bert.Backend;
        _bert = bert;
        _options = options;
        _steps = steps;
        _batch = new BatchMemory(_backend);
        _stepArena = new Arena(_backend);
        _persistentArena = new Arena(_backend);
        _persistent = _persistentArena.Carve(arena => new PersistentBuffers(arena, bert, options.QueueSize));
        _persistent.Initialize(bert);
        _gradientCache = new GradientCache(bert, _persistent, options);
        Results = new StepResults(_backend, _persistent.StepNumbers, hasMlmLoss: options.MlmWeight > 0);
        if (_persistent.Ema is null) return;
        _momentumEncoder = new MomentumEncoder(bert, _persistent.Ema, _persistent.Queue, options.Pooler);
        _momentumEncoder.CopyFrom(bert.Weights);
    }

    /// <summary>
    /// The matrices of a checkpoint, by name; complete once the pending push has arrived, for which this waits.
    /// </summary>
    public IReadOnlyList<(string Name, Matrix Matrix)> State
    {
        get
        {
            _backend.WaitForSideStream();
            List<(string, Matrix)> state =
            [
                ("parameters", _bert.Weights.Arena),
                ("first_moment", _persistent.M),
                ("second_moment", _persistent.V),
            ];
            if (EmaWeights is not null) state.AddRange([("average", EmaWeights.Arena), ("queue", _persistent.Queue)]);
            state.AddRange([("counters", _persistent.StepState.Counters), ("scalars", _persistent.StepState.Scalars)]);
            return state;
        }
    }

    /// <summary>The results of the steps.</summary>
    public StepResults Results { get; }

    /// <summary>The gradients of the last step, before clipping.</summary>
    public BertWeights Gradients => _persistent.Gradients;

    /// <summary>The momentum encoder's weights; null without a queue.</summary>
    public BertWeights? EmaWeights => _persistent.Ema;

    /// <summary>
    /// Sets the momentum encoder's first weights, by default a copy of the model's. Without a queue it does nothing.
    /// </summary>
    public void StartMomentumFrom(BertParameters other) => _momentumEncoder?.CopyFrom(other.Weights);

    /// <summary>
    /// Rounds the weights to their low-precision copies, after <see cref="State"/>'s matrices were loaded.
    /// </summary>
    public void RefreshLowPrecision()
    {
        _bert.Weights.RefreshLowPrecision(_backend);
        EmaWeights?.RefreshLowPrecision(_backend);
    }

    /// <summary>Empties the queue.</summary>
    public void ResetQueue() => _momentumEncoder?.ResetQueue(_persistent.StepState);

    /// <summary>
    /// Enqueues a step on the ids of anchors, of their positives, and of their hard negatives if there are any.
    /// </summary>
    public void Run(params IReadOnlyList<int[]>[] views) => Run(TrainingBatch.Upload(_batch, views), default, null);

    /// <summary>Enqueues a step in which a source chooses a number of tokens for the masked-language loss.</summary>
    public void Run(IMaskSource? masks, int maskedTokens, params IReadOnlyList<int[]>[] views)
    {
        TrainingBatch batch = TrainingBatch.Upload(_batch, views);
        Run(batch with { MaskedTokens = maskedTokens, Masks = masks }, default, null);
    }

    /// <summary>Enqueues a step, counted from 1, on the source's next batch.</summary>
    public void Run(IBatchSource source, int step)
    {
        int rows = source.CountRows(step);
        if (_gradientCache.Splits(rows)) RunInParts(source, step);
        else Run(source.Reserve(step, 0, rows), source.UploadTexts(step), source);
    }

    /// <summary>Waits for all that was enqueued, and returns the result of the last step.</summary>
    public StepResult Read() => Results.Read();

    public void Dispose()
    {
        _backend.WaitForSideStream();
        Results.Dispose();
        _momentumEncoder?.Dispose();
        _gradientCache.Dispose();
        _batch.Dispose();
        _persistentArena.Dispose();
        _stepArena.Dispose();
    }

    /// <summary>Runs the phases of a step. Without a source the batch is packed already.</summary>
    void Run(TrainingBatch batch, Matrix texts, IBatchSource? source)
    {
        (StepBuffers buffers, ContrastiveLoss loss) = Reserve(batch);
        BertActivations activations = buffers.Activations;
        _backend.RunGraph(activations.Key((object?)source ?? this, "forward"), () => Forward(buffers, source));
        buffers.MaskTokens();
        // The loss reads the queue: the previous step's push, which ran during this forward pass, must have arrived.
        _backend.WaitForSideStream();
        GraphKey backward = activations.Key(this, "backward") with { MaskedTokens = buffers.MaskedTokens.Rows.Columns };
        _backend.RunGraph(backward, () =>
        {
            loss.Compute(buffers.Head.Vectors, texts, _persistent.StepState);
            buffers.Backward.Run(buffers.Head.Backward(loss.Gradient), accumulate: false);
            buffers.MaskedLanguage?.Run();
            ClipAndUpdate();
        });
        _momentumEncoder?.Push(batch, _persistent.StepState);
    }

    void RunInParts(IBatchSource source, int step)
    {
        Begin();
        _gradientCache.Compute(source, step);
        ClipAndUpdate();
        if (_momentumEncoder is null) return;
        foreach (TrainingBatch part in _gradientCache.PackLast(source, step, _persistent.Queue.Rows))
        {
            // The part before is embedded from the memory that this one is copied to.
            _backend.WaitForSideStream();
            _momentumEncoder.Push(part, _persistent.StepState);
        }
    }

    (StepBuffers Buffers, ContrastiveLoss Loss) Reserve(TrainingBatch batch)
    {
        int views = batch.Views.Sentences / batch.Rows;
        int width = _bert.Config.HiddenSize;
        return _stepArena.Carve(arena =>
        {
            ContrastiveLoss loss = new(_backend, arena, _options, batch.Rows, views, width, _persistent.Queue);
            return (new StepBuffers(arena, _bert, _persistent, _options, batch), loss);
        });
    }

    void Forward(StepBuffers buffers, IBatchSource? source)
    {
        Begin();
        source?.Pack(_persistent.StepState, buffers.Activations.Batch);
        buffers.Forward.Run();
        buffers.Head.Forward();
    }

    void Begin()
    {
        _backend.Schedule(
            _options.Schedule, _options.LearningRate, _options.Warmup, _steps, _persistent.StepState);
        _backend.ClearGradients(_persistent.Chunks, _persistent.TouchedWords, Gradients.Arena);
    }

    void ClipAndUpdate()
    {
        _backend.FinishGradients();
        _backend.GradientNorm(
            Gradients.Arena, _persistent.Chunks, _persistent.TouchedWords, MaxGradientNorm, _persistent.Partials,
            _persistent.StepState);
        _momentumEncoder?.SnapshotHead();
        Update();
    }

    /// <summary>Updates the weights by AdamW and the momentum encoder's by their moving average.</summary>
    void Update()
    {
        BertWeights weights = _bert.Weights;
        _backend.AdamWUpdate(
            Gradients.Arena,
            _persistent.Chunks,
            _persistent.TouchedWords,
            _options.WeightDecay,
            _options.Momentum,
            _persistent.StepState,
            weights.Arena,
            _persistent.M,
            _persistent.V,
            EmaWeights?.Arena ?? default,
            weights.LowPrecision,
            EmaWeights?.LowPrecision ?? default);
    }
}

using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Core.Training;

/// <summary>
/// The step of ESimCSE: both views through the encoder, the loss over batch and queue, the backward, clipping, AdamW with the momentum encoder's average, and
/// the momentum encoder's vectors into the queue, beside what the next step begins with. Everything that a later step depends on lies in <see cref="State"/>'s matrices.
/// </summary>
public sealed class TrainingStep : IDisposable
{
    const float LargestNorm = 1;

    /// <summary>More than so many logits are not held: 128 MiB with their weights.</summary>
    const long MostLogits = 1 << 24;

    readonly IBackend _backend;
    readonly BertParameters _bert;
    readonly TrainingOptions _options;
    readonly int _steps;
    readonly Arena _persistent, _stepArena;
    readonly BatchMemory _batch;
    readonly Embedder _momentumEncoder;
    readonly BertWeights _gradients;
    readonly BertWeights? _ema;
    readonly Matrix _chunks, _partials, _m, _v, _queue;
    readonly StepState _state;

    /// <summary>A run of so many steps over a model, whose parameters it moves. A head must be a part of it where the pooler has one and nowhere else.</summary>
    public TrainingStep(BertParameters bert, TrainingOptions options, int steps)
    {
        ArgumentNullException.ThrowIfNull(bert);
        ArgumentNullException.ThrowIfNull(options);
        (_backend, _bert, _options, _steps) = (bert.Backend, bert, options, steps);
        (_batch, _momentumEncoder) = (new BatchMemory(_backend), new Embedder(_backend, bert.Config, options.Pooler));
        (_persistent, _stepArena) = (new Arena(_backend), new Arena(_backend));
        int[] chunks = bert.Layout.Chunks();
        int length = checked((int)bert.Layout.Length), hidden = bert.Config.HiddenSize;
        bool queue = options.QueueSize > 0;
        ElementType type = bert.Weights.Type;
        bool shadowed = queue && bert.Weights.LowPrecision.IsPresent;
        _persistent.Reset(sizeof(float) * ((queue ? 4L : 3L) * length + (long)options.QueueSize * hidden + 2L * chunks.Length) + (shadowed ? (long)type.Size() * length : 0) + 16 * Arena.Alignment);
        _gradients = new BertWeights(bert.Config, bert.Layout, _persistent.Allocate(1, length));
        (_m, _v) = (_persistent.Allocate(1, length), _persistent.Allocate(1, length));
        _ema = queue ? new BertWeights(bert.Config, bert.Layout, _persistent.Allocate(1, length), shadowed ? _persistent.Allocate(1, length, type) : default) : null;
        _queue = queue ? _persistent.Allocate(options.QueueSize, hidden) : default;
        _chunks = _persistent.Allocate(chunks.Length / ParameterChunk.Columns, ParameterChunk.Columns, ElementType.Int32);
        _partials = _persistent.Allocate(1, _chunks.Rows);
        Results = new StepResults(_backend, _persistent);
        _state = Results.State;
        _backend.Upload<int>(chunks, _chunks);
        Start();
    }

    /// <summary>What a checkpoint must hold, by name, beside nothing else; the pending push has arrived.</summary>
    public IReadOnlyList<(string Name, Matrix Matrix)> State
    {
        get
        {
            _backend.WaitForSideStream();
            return StateParts;
        }
    }

    IReadOnlyList<(string Name, Matrix Matrix)> StateParts =>
    [
        ("parameters", _bert.Weights.Arena), ("first_moment", _m), ("second_moment", _v),
        .. _ema is null ? Array.Empty<(string, Matrix)>() : [("average", _ema.Arena), ("queue", _queue)],
        ("counters", _state.Counters), ("scalars", _state.Scalars),
    ];

    /// <summary>What the steps did.</summary>
    internal StepResults Results { get; }

    /// <summary>The gradients of the last step, before clipping.</summary>
    public BertWeights Gradients => _gradients;

    /// <summary>The momentum encoder's weights; null without a queue.</summary>
    public BertWeights? EmaWeights => _ema;

    /// <summary>The momentum encoder's first weights, in place of a copy of the model's.</summary>
    public void StartMomentumFrom(BertParameters other)
    {
        ArgumentNullException.ThrowIfNull(other);
        _backend.WaitForSideStream();
        if (_ema is null) return;
        _backend.Copy(other.Weights.Arena, _ema.Arena);
        RefreshShadows();
    }

    /// <summary>Makes the low-precision copies of the weights anew, after something else than a step has written to <see cref="State"/>'s matrices.</summary>
    public void RefreshShadows()
    {
        foreach (BertWeights? weights in new[] { _bert.Weights, _ema })
            if (weights is { LowPrecision.IsPresent: true }) _backend.Cast(weights.Arena, weights.LowPrecision);
    }

    /// <summary>Empties the queue.</summary>
    public void ResetQueue()
    {
        _backend.WaitForSideStream();
        int[] counters = new int[StepState.Length];
        _backend.Download(_state.Counters, counters.AsSpan());
        counters[StepState.QueueHead] = counters[StepState.QueueCount] = 0;
        _backend.Upload<int>(counters, _state.Counters);
    }

    /// <summary>Trains on a batch: the originals' ids and their second views'.</summary>
    public void Run(IReadOnlyList<int[]> originals, IReadOnlyList<int[]> secondViews)
    {
        ArgumentNullException.ThrowIfNull(originals);
        Train(new(_batch.Upload([.. originals, .. secondViews]), originals.Sum(ids => ids.Length), originals.Max(ids => ids.Length)), null);
    }

    /// <summary>Trains on the next batch of a corpus that lies on the device.</summary>
    internal void Run(ResidentCorpus corpus, int step) => Train(corpus.Reserve(_batch, step), corpus);

    void Train(ViewsBatch views, ResidentCorpus? corpus)
    {
        PackedBatch batch = views.Both;
        int pairs = batch.Sentences / 2;
        using (Arena measure = new(null)) _stepArena.Reset(Measure(measure, batch));
        StepBuffers p = new(_stepArena, _bert, _options, batch);
        DropoutMask mask = new(_options.Dropout, _options.Seed, 0, pairs, _state.Counters);
        BertBackward backward = new(_backend, _bert.Weights, _gradients, p.Activations, mask, _stepArena);

        _backend.RunGraph(p.Activations.Key((object?)corpus ?? this, "forward"), () => Forward(p, mask, corpus));
        // The loss reads the queue, so what the step before pushes must have arrived; until here the momentum encoder ran beside.
        _backend.WaitForSideStream();
        _backend.RunGraph(p.Activations.Key(this, "backward"), () => Backward(p, backward));
        if (_ema is null) return;
        // Of its own: the batch is packed anew while the momentum encoder still reads.
        Embedder.Pass originals = _momentumEncoder.PlaceFirst(_ema.Type, batch, pairs, views.OriginalTokens, views.LongestOriginal);
        _backend.RunOnSideStream(() => Push(_ema, originals));
    }

    /// <summary>What the last step did, after all that was queued.</summary>
    public StepResult Read() => Results.Read();

    /// <inheritdoc/>
    public void Dispose()
    {
        _backend.WaitForSideStream();
        Results.Dispose();
        _momentumEncoder.Dispose();
        _batch.Dispose();
        _persistent.Dispose();
        _stepArena.Dispose();
    }

    void Start()
    {
        float[] zeros = new float[_m.Columns];
        _backend.Upload<float>(zeros, _m);
        _backend.Upload<float>(zeros, _v);
        _backend.Upload<float>(zeros, _gradients.Arena);
        _backend.Upload<int>(new int[StepState.Length], _state.Counters);
        _backend.Upload<float>(new float[StepState.Length], _state.Scalars);
        if (_ema is null) return;
        StartMomentumFrom(_bert);
        _backend.Upload<float>(new float[_queue.Count], _queue);
    }

    long Measure(Arena measure, PackedBatch batch)
    {
        StepBuffers p = new(measure, _bert, _options, batch);
        _ = new BertBackward(_backend, _bert.Weights, _gradients, p.Activations, default, measure);
        return measure.Used;
    }

    void Forward(StepBuffers p, DropoutMask mask, ResidentCorpus? corpus)
    {
        _backend.Schedule(_options.LearningRate, _steps, _state);
        corpus?.Pack(_state, p.Activations.Batch);
        _backend.ClearGradients(_chunks, _gradients.Arena);
        Matrix pooled = new BertForward(_backend, _bert.Weights, p.Activations, mask).Run();
        HeadForward(pooled, p);
    }

    void Backward(StepBuffers p, BertBackward backward)
    {
        Matrix pooled = p.Activations.Pooled, h = HeadOf(pooled, p);
        _backend.ContrastiveLoss(h, _queue, _options.Temperature, _state, p.Logits, p.Weights, p.Norms, p.DH);
        backward.Run(HeadBackward(pooled, h, p));
        _backend.GradientNorm(_gradients.Arena, _chunks, LargestNorm, _partials, _state);
        SnapshotHead();
        _backend.AdamWUpdate(_gradients.Arena, _chunks, _options.WeightDecay, _options.Momentum, _state,
            _bert.Weights.Arena, _m, _v, _ema?.Arena ?? default, _bert.Weights.LowPrecision, _ema?.LowPrecision ?? default);
    }

    void Push(BertWeights average, Embedder.Pass originals) =>
        _backend.RunGraph(originals.Key(this, "momentum"), () => _backend.QueuePush(_momentumEncoder.Compute(average, originals), _queue, _state));

    /// <summary>Where the vectors of the loss lie: the head's, a copy in fp32, or what was pooled.</summary>
    Matrix HeadOf(Matrix pooled, StepBuffers p) => _options.Pooler.HasHead || pooled.Type != p.H.Type ? p.H : pooled;

    void HeadForward(Matrix pooled, StepBuffers p)
    {
        if (_options.Pooler.HasHead)
        {
            _backend.LinearForward(pooled, _bert.Weights.Head.Weight, _bert.Weights.Head.Bias, p.H);
            _backend.TanhForward(p.H, p.H);
        }
        else if (pooled.Type != p.H.Type) _backend.Cast(pooled, p.H);
    }

    Matrix HeadBackward(Matrix pooled, Matrix h, StepBuffers p)
    {
        if (!_options.Pooler.HasHead) return Stored(p.DH, pooled.Type, p.StoredDH);
        _backend.TanhBackward(p.DH, h, p.DH);
        Matrix dh = Stored(p.DH, pooled.Type, p.StoredDH);
        _backend.LinearBackwardWeight(dh, pooled, _gradients.Head.Weight, _gradients.Head.Bias);
        _backend.LinearBackwardInput(dh, _bert.Weights.Head.Weight, accumulate: false, p.DPooled);
        return p.DPooled;
    }

    /// <summary>The matrix itself where it is of that type, else a copy that is.</summary>
    Matrix Stored(Matrix matrix, ElementType type, Matrix copy)
    {
        if (matrix.Type == type) return matrix;
        _backend.Cast(matrix, copy);
        return copy;
    }

    /// <summary>The momentum encoder's vectors go through the live head as it is before the update: it takes the head's place among the averages.</summary>
    void SnapshotHead()
    {
        if (_ema is null || !_options.Pooler.HasHead) return;
        _backend.Copy(_bert.Weights.Head.Weight, _ema.Head.Weight);
        _backend.Copy(_bert.Weights.Head.Bias, _ema.Head.Bias);
        if (!_ema.LowPrecision.IsPresent) return;
        ParameterTensor weight = _bert.Layout.ByName["pooler.dense.weight"];
        _backend.Copy(weight.In(_bert.Weights.Arena), weight.In(_ema.Arena));
    }

    /// <summary>What lives for one step.</summary>
    sealed class StepBuffers
    {
        public StepBuffers(Arena arena, BertParameters bert, TrainingOptions options, PackedBatch batch)
        {
            int b = batch.Sentences / 2, h = bert.Config.HiddenSize, q = options.QueueSize;
            ElementType type = bert.Weights.Type;
            Activations = new BertActivations(arena, bert.Config, options.Pooler, batch, type, savedForBackward: true);
            (H, DH, DPooled) = (arena.Allocate(2 * b, h), arena.Allocate(2 * b, h), arena.Allocate(2 * b, h, type));
            StoredDH = type == ElementType.Float32 ? default : arena.Allocate(2 * b, h, type);
            bool held = (long)b * (b + q) <= MostLogits;
            (Logits, Weights, Norms) = (held ? arena.Allocate(b, b + q) : default, held ? arena.Allocate(b, b + q) : default, arena.Allocate(1, 2 * b + q));
        }

        public BertActivations Activations { get; }

        public Matrix H { get; }

        public Matrix DH { get; }

        public Matrix StoredDH { get; }

        public Matrix DPooled { get; }

        public Matrix Logits { get; }

        public Matrix Weights { get; }

        public Matrix Norms { get; }
    }
}

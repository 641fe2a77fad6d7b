using EsimCse.Core.Backend;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Model.SentenceTransformers;

namespace EsimCse.Core.Model;

/// <summary>
/// Computes sentence vectors of token ids, without dropout. A vector has the same bits whatever other sentences are
/// in its batch, and on whichever thread.
/// </summary>
sealed class Embedder : IDisposable
{
    const int MinimumTokenBudget = 64;

    /// <summary>The part of the budget that shares are at most: batches end with whole sentences.</summary>
    const double BudgetOfShare = 0.9;

    readonly IBackend _backend;
    readonly Pooler _pooler;
    readonly VectorLayers _layers;
    readonly BatchEmbedder _device;
    readonly VectorCopies _copies;
    readonly Lock _lock = new();

    /// <summary>Present where the device is the host's cores.</summary>
    readonly EmbeddingThreads? _threads;

    /// <summary>The most tokens of a batch of several sentences. Halved when the device runs out of memory.</summary>
    int _tokenBudget;

    /// <summary>Creates an embedder for one pooler and the modules after it.</summary>
    /// <exception cref="InvalidInputException">A module's weights are not valid.</exception>
    public Embedder(
        IBackend backend,
        BertConfig config,
        Pooler pooler,
        IReadOnlyCollection<VectorModule>? modules = null)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(pooler);
        ArgumentNullException.ThrowIfNull(config);
        modules ??= [];
        _backend = backend;
        _pooler = pooler;
        _layers = new VectorLayers(backend, modules);
        Width = modules.LastOrDefault()?.Width ?? pooler.Width(config.HiddenSize);
        _device = Create(backend);
        _copies = new VectorCopies(backend);
        IReadOnlyList<IBackend> threads = backend.ThreadBackends;
        if (threads.Count > 0) _threads = new EmbeddingThreads(threads, Create);
        _tokenBudget = threads.Append(backend).First().PreferredBatchTokens;

        BatchEmbedder Create(IBackend own) => new(own, config, pooler, _layers);
    }

    /// <summary>Elements of a vector.</summary>
    public int Width { get; }

    /// <summary>The most tokens of a batch of several sentences.</summary>
    public int TokenBudget => _tokenBudget;

    /// <summary>Batches that the device computes while the caller uses the vectors of earlier ones.</summary>
    internal int BatchesAhead => _threads is null ? 1 : 2 * _threads.Count;

    /// <inheritdoc cref="IBackend.FreezeWeights"/>
    public IDisposable? FreezeWeights(BertWeights weights, ElementType type = ElementType.Float32) =>
        _backend.FreezeWeights(weights.ProductWeights(_pooler.ReadsClsOnly), type);

    /// <summary>Computes the vectors of sentences, [sentences, width] in their order.</summary>
    /// <param name="weights">The weights, with a head if the pooler has one.</param>
    /// <param name="sentences">Token ids, special tokens included.</param>
    /// <param name="cancellation">Checked before each batch.</param>
    public float[] Embed(BertWeights weights, IReadOnlyList<int[]> sentences, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        return Join(Embed(weights, Pack(sentences), cancellation), sentences.Count);
    }

    /// <summary>Computes the vectors of all batches, [sentences, width].</summary>
    public float[] EmbedAll(BertWeights weights, IReadOnlyCollection<HostBatch> batches) =>
        Join(Embed(weights, batches), batches.Sum(batch => batch.Sentences.Count));

    /// <summary>
    /// Computes the vectors of batches, [sentences of the batch, width], in order. The device computes a batch while
    /// the caller uses the vectors of the one before. After an error of <paramref name="batches"/> the vectors of those
    /// before it come first. Several threads may call this.
    /// </summary>
    /// <param name="weights">The weights, with a head if the pooler has one.</param>
    /// <param name="batches">Batches of <see cref="Pack"/>.</param>
    /// <param name="cancellation">Checked before each batch.</param>
    public IEnumerable<float[]> Embed(
        BertWeights weights, IEnumerable<HostBatch> batches, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return new EmbeddingDevices([(this, weights)]).Embed(batches, cancellation);
    }

    /// <summary>
    /// Packs sentences into batches of at most the budget of tokens, or of one sentence; into as many for each thread
    /// where all sentences are known. A batch without others is urgent.
    /// </summary>
    public IEnumerable<HostBatch> Pack(IEnumerable<int[]> sentences)
    {
        double share = sentences is IReadOnlyCollection<int[]> all ? ShareOfTokens(all) : double.PositiveInfinity;
        List<int[]> batch = [];
        int tokens = 0;
        long packed = 0;
        int batches = 0;
        foreach (int[] ids in sentences)
        {
            bool isOverBudget = tokens + ids.Length > _tokenBudget;
            bool isOverShare = packed + tokens + ids.Length / 2 > share * (batches + 1);
            if (batch.Count > 0 && (isOverBudget || isOverShare))
            {
                yield return _device.Pack(batch);
                batches++;
                packed += tokens;
                batch = [];
                tokens = 0;
            }
            batch.Add(ids);
            tokens += ids.Length;
        }
        if (batch.Count > 0) yield return _device.Pack(batch) with { IsUrgent = batches == 0 };
    }

    /// <summary>Packs sentences into one batch, which is computed in parts where it is over the budget.</summary>
    public HostBatch PackOne(IReadOnlyList<int[]> sentences) => _device.Pack(sentences);

    /// <inheritdoc/>
    public void Dispose()
    {
        _threads?.Dispose();
        _copies.Dispose();
        _device.Dispose();
        _layers.Dispose();
    }

    /// <summary>Enqueues a batch, in parts if it is over the budget or the device has too little memory.</summary>
    internal void Begin(
        BertWeights weights, HostBatch batch, Queue<IPendingVectors> pending, CancellationToken cancellation)
    {
        Stack<HostBatch> parts = new([batch]);
        while (parts.TryPop(out HostBatch? part))
        {
            cancellation.ThrowIfCancellationRequested();
            if (part.Tokens > _tokenBudget && part.Sentences.Count > 1)
            {
                foreach (HostBatch smaller in Pack(part.Sentences).Reverse()) parts.Push(smaller);
                continue;
            }
            try
            {
                pending.Enqueue(Begin(weights, part, isAlone: pending.Count == 0 && batch.IsUrgent));
            }
            catch (DeviceMemoryException) when (_tokenBudget > MinimumTokenBudget)
            {
                _tokenBudget /= 2;
                parts.Push(part);
            }
        }
    }

    /// <summary>
    /// Copies the first sentences of a batch, which have that many tokens, and allocates their activations. The last
    /// bits of a vector may depend on the others of the pass, which a step of training repeats.
    /// </summary>
    internal Pass PrepareFirst(ElementType type, PackedBatch source, int sentences, int tokens, int longest) =>
        _device.PrepareFirst(type, source, sentences, tokens, longest);

    /// <summary>Computes vectors on the device: [S,width] in fp32, valid until the next pass is prepared.</summary>
    internal Matrix Compute(BertWeights weights, Pass pass) => _device.Compute(weights, pass);

    float[] Join(IEnumerable<float[]> parts, int sentences)
    {
        float[] all = GC.AllocateUninitializedArray<float>(checked(sentences * Width));
        int next = 0;
        foreach (float[] vectors in parts)
        {
            vectors.CopyTo(all, next);
            next += vectors.Length;
        }
        return all;
    }

    /// <summary>Returns the tokens of a batch with which all threads finish together.</summary>
    double ShareOfTokens(IReadOnlyCollection<int[]> sentences)
    {
        if (_threads is null) return double.PositiveInfinity;
        long tokens = sentences.Sum(ids => (long)ids.Length);
        if (tokens <= MinimumTokenBudget) return double.PositiveInfinity;
        double batchesOfThread = Math.Ceiling(tokens / (BudgetOfShare * _tokenBudget * _threads.Count));
        return tokens / (batchesOfThread * _threads.Count);
    }

    /// <summary>
    /// Enqueues a batch and the copy of its vectors, which several threads may do in turn. The threads of the device
    /// share a batch that is alone.
    /// </summary>
    IPendingVectors Begin(BertWeights weights, HostBatch batch, bool isAlone)
    {
        if (_threads is not null && !isAlone) return _threads.Begin(weights, batch);
        lock (_lock) return _copies.Begin(_device.Compute(weights, batch));
    }

    /// <summary>A batch on the device with the buffers of its forward pass.</summary>
    internal sealed record Pass(
        BertActivations Activations,
        Matrix Vectors,
        IReadOnlyList<Matrix> LayerOutputs,
        bool IsBatchInvariant)
    {
        /// <summary>Returns the key of device work on these buffers.</summary>
        public GraphKey Key(object owner, string part) => Activations.Key(owner, part);
    }
}

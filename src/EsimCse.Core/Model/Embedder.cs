using EsimCse.Core.Backend;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Model.SentenceTransformers;

namespace EsimCse.Core.Model;

/// <summary>
/// Computes sentence vectors of token ids, without dropout. A vector has the same bits whatever other sentences are
/// in its batch.
/// </summary>
sealed class Embedder : IDisposable
{
    const int MinimumTokenBudget = 64;

    readonly IBackend _backend;
    readonly BertConfig _config;
    readonly Pooler _pooler;
    readonly BatchMemory _batchMemory;
    readonly Arena _arena;
    readonly VectorLayers _layers;

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
        _layers = new VectorLayers(backend, modules);
        Width = modules.LastOrDefault()?.Width ?? pooler.Width(config.HiddenSize);
        _backend = backend;
        _config = config;
        _pooler = pooler;
        _tokenBudget = backend.PreferredBatchTokens;
        _batchMemory = new BatchMemory(backend);
        _arena = new Arena(backend);
    }

    /// <summary>Elements of a vector.</summary>
    public int Width { get; }

    /// <summary>Computes the vectors of sentences, [sentences, width] in their order.</summary>
    /// <param name="weights">The weights, with a head if the pooler has one.</param>
    /// <param name="sentences">Token ids, special tokens included.</param>
    /// <param name="cancellation">Checked before each batch.</param>
    public float[] Embed(BertWeights weights, IReadOnlyList<int[]> sentences, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        ArgumentNullException.ThrowIfNull(weights);
        float[] vectors = new float[(long)sentences.Count * Width];
        for (int first = 0; first < sentences.Count;)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = CountThatFit(sentences, first);
            try
            {
                PackedBatch batch = _batchMemory.Upload([.. sentences.Skip(first).Take(count)]);
                Matrix computed = Compute(weights, Prepare(weights.Type, batch));
                _backend.Download(computed, vectors.AsSpan(first * Width, count * Width));
                first += count;
            }
            catch (DeviceMemoryException) when (_tokenBudget > MinimumTokenBudget)
            {
                _tokenBudget /= 2;
            }
        }
        return vectors;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _layers.Dispose();
        _batchMemory.Dispose();
        _arena.Dispose();
    }

    /// <summary>
    /// Copies the first sentences of a batch, which have that many tokens, and allocates their activations.
    /// </summary>
    internal Pass PrepareFirst(ElementType type, PackedBatch source, int sentences, int tokens, int longest) =>
        Prepare(type, _batchMemory.CopyFirst(source, sentences, tokens, longest));

    /// <summary>Computes vectors on the device: [S,width] in fp32, valid until the next pass is prepared.</summary>
    internal Matrix Compute(BertWeights weights, Pass pass) =>
        _layers.Forward(Pool(weights, pass), pass.LayerOutputs);

    Matrix Pool(BertWeights weights, Pass pass)
    {
        Matrix pooled = new BertForward(_backend, weights, pass.Activations, default).Run();
        if (_pooler.HasHead)
        {
            _backend.LinearForward(pooled, weights.Head.Weight, weights.Head.Bias, pass.Vectors);
            _backend.TanhForward(pass.Vectors, pass.Vectors);
            return pass.Vectors;
        }
        if (pooled.Type == pass.Vectors.Type) return pooled;
        _backend.Cast(pooled, pass.Vectors);
        return pass.Vectors;
    }

    /// <summary>Returns how many sentences from one on make a batch within the token budget, at least 1.</summary>
    int CountThatFit(IReadOnlyList<int[]> sentences, int first)
    {
        int tokens = sentences[first].Length;
        int count = 1;
        while (first + count < sentences.Count && tokens + sentences[first + count].Length <= _tokenBudget)
        {
            tokens += sentences[first + count].Length;
            count++;
        }
        return count;
    }

    Pass Prepare(ElementType type, PackedBatch batch) => _arena.Carve(arena => new Pass(
        new BertActivations(arena, _config, _pooler, batch, type, savedForBackward: false),
        arena.Allocate(batch.Sentences, _pooler.Width(_config.HiddenSize)),
        _layers.Allocate(arena, batch.Sentences)));

    /// <summary>A batch on the device with the buffers of its forward pass.</summary>
    internal sealed record Pass(BertActivations Activations, Matrix Vectors, IReadOnlyList<Matrix> LayerOutputs)
    {
        /// <summary>Returns the key of device work on these buffers.</summary>
        public GraphKey Key(object owner, string part) => Activations.Key(owner, part);
    }
}

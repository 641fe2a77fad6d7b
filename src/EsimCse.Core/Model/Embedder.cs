using EsimCse.Core.Backend;
using EsimCse.Core.Model.Poolers;

namespace EsimCse.Core.Model;

/// <summary>Sentences' ids to vectors, without dropout. A vector has the same bits whatever else is in the batch.</summary>
public sealed class Embedder : IDisposable
{
    const int LeastTokenBudget = 64;

    readonly IBackend _backend;
    readonly BertConfig _config;
    readonly Pooler _pooler;
    readonly BatchMemory _batch;
    readonly Arena _arena;

    /// <summary>Tokens that go through the model at once; a longer sentence goes alone. Halved where the device has too little memory.</summary>
    int _tokenBudget;

    /// <summary>An embedder for one pooler.</summary>
    public Embedder(IBackend backend, BertConfig config, Pooler pooler)
    {
        (_backend, _config, _pooler, _tokenBudget) = (backend, config, pooler, backend.PreferredBatchTokens);
        (_batch, _arena) = (new BatchMemory(backend), new Arena(backend));
    }

    /// <summary>The vectors, [sentences, H] in order. <paramref name="weights"/> must have a head where the pooler has one.</summary>
    public float[] Embed(BertWeights weights, IReadOnlyList<int[]> sentences, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(sentences);
        ArgumentNullException.ThrowIfNull(weights);
        int hidden = _config.HiddenSize;
        float[] vectors = new float[(long)sentences.Count * hidden];
        for (int first = 0; first < sentences.Count;)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = 1;
            for (int tokens = sentences[first].Length; first + count < sentences.Count && tokens + sentences[first + count].Length <= _tokenBudget; count++)
                tokens += sentences[first + count].Length;
            try
            {
                Matrix pooled = Compute(weights, Place(weights.Type, _batch.Upload([.. sentences.Skip(first).Take(count)])));
                _backend.Download(pooled, vectors.AsSpan(first * hidden, count * hidden));
                first += count;
            }
            catch (DeviceMemoryException) when (_tokenBudget > LeastTokenBudget)
            {
                _tokenBudget /= 2;
            }
        }
        return vectors;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _batch.Dispose();
        _arena.Dispose();
    }

    /// <summary>A copy of the first sentences of a batch, of so many tokens together, with room for its activations.</summary>
    internal Pass PlaceFirst(ElementType type, PackedBatch source, int sentences, int tokens, int longest) => Place(type, _batch.CopyFirst(source, sentences, tokens, longest));

    Pass Place(ElementType type, PackedBatch batch)
    {
        using Arena measure = new(null);
        _ = (new BertActivations(measure, _config, _pooler, batch, type, savedForBackward: false), measure.Allocate(batch.Sentences, _config.HiddenSize));
        _arena.Reset(measure.Used);
        return new Pass(new BertActivations(_arena, _config, _pooler, batch, type, savedForBackward: false), _arena.Allocate(batch.Sentences, _config.HiddenSize));
    }

    /// <summary>The result left on the device: [S,H] in fp32, valid until the next.</summary>
    internal Matrix Compute(BertWeights weights, Pass pass)
    {
        Matrix pooled = new BertForward(_backend, weights, pass.Activations, default).Run(), vectors = pass.Vectors;
        if (!_pooler.HasHead)
        {
            if (pooled.Type == vectors.Type) return pooled;
            _backend.Cast(pooled, vectors);
            return vectors;
        }
        _backend.LinearForward(pooled, weights.Head.Weight, weights.Head.Bias, vectors);
        _backend.TanhForward(vectors, vectors);
        return vectors;
    }

    /// <summary>A batch on the device with room for what is computed from it.</summary>
    internal sealed record Pass(BertActivations Activations, Matrix Vectors)
    {
        /// <summary>What stands for the same work at the same place.</summary>
        public GraphKey Key(object owner, string part) => Activations.Key(owner, part);
    }
}

using EsimCse.Core.Backend;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Model.SentenceTransformers;

namespace EsimCse.Core.Model;

/// <summary>Computes the vectors of one batch at a time, in memory that each batch reuses.</summary>
/// <param name="backend">The device.</param>
/// <param name="config">The sizes of the encoder.</param>
/// <param name="pooler">The pooler.</param>
/// <param name="layers">The modules after it.</param>
sealed class BatchEmbedder(IBackend backend, BertConfig config, Pooler pooler, VectorLayers layers) : IDisposable
{
    readonly BatchMemory _batchMemory = new(backend);
    readonly Arena _arena = new(backend);

    /// <summary>Packs sentences on the host. Thread-safe.</summary>
    public HostBatch Pack(IReadOnlyList<int[]> sentences) => _batchMemory.Pack(sentences);

    /// <summary>
    /// Computes the vectors of a batch on the device: [S,width] in fp32, valid until the next batch is prepared.
    /// </summary>
    public Matrix Compute(BertWeights weights, HostBatch batch) =>
        Compute(weights, Prepare(weights.Type, _batchMemory.Upload(batch), batchInvariant: true));

    /// <summary>Computes the vectors of a batch and copies them to the host.</summary>
    public float[] Download(BertWeights weights, HostBatch batch)
    {
        Matrix computed = Compute(weights, batch);
        float[] vectors = GC.AllocateUninitializedArray<float>(checked((int)computed.Count));
        backend.Download(computed, vectors.AsSpan());
        return vectors;
    }

    /// <inheritdoc cref="Embedder.PrepareFirst"/>
    public Embedder.Pass PrepareFirst(
        ElementType type, PackedBatch source, int sentences, int tokens, int longest) =>
        Prepare(type, _batchMemory.CopyFirst(source, sentences, tokens, longest), batchInvariant: false);

    /// <inheritdoc cref="Embedder.Compute"/>
    public Matrix Compute(BertWeights weights, Embedder.Pass pass)
    {
        Matrix vectors = default;
        backend.Run(() => vectors = layers.Forward(backend, Pool(weights, pass), pass.LayerOutputs));
        return vectors;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _batchMemory.Dispose();
        _arena.Dispose();
    }

    Matrix Pool(BertWeights weights, Embedder.Pass pass)
    {
        bool batchInvariant = pass.IsBatchInvariant;
        Matrix pooled = new BertForward(backend, weights, pass.Activations, default, batchInvariant).Run();
        if (pooler.HasHead)
        {
            backend.LinearForward(pooled, weights.Head.Weight, weights.Head.Bias, batchInvariant, pass.Vectors);
            backend.TanhForward(pass.Vectors, pass.Vectors);
            return pass.Vectors;
        }
        if (pooled.Type == pass.Vectors.Type) return pooled;
        backend.Cast(pooled, pass.Vectors);
        return pass.Vectors;
    }

    Embedder.Pass Prepare(ElementType type, PackedBatch batch, bool batchInvariant) =>
        _arena.Carve(arena => new Embedder.Pass(
            new BertActivations(arena, config, pooler, batch, type, savedForBackward: false),
            arena.Allocate(batch.Sentences, pooler.Width(config.HiddenSize)),
            layers.Allocate(arena, batch.Sentences),
            batchInvariant));
}

using EsimCse.Core.Backend;
using EsimCse.Core.Model.Poolers;

namespace EsimCse.Core.Model;

/// <summary>
/// The buffers that a forward pass writes, in the element type of the weights; row statistics are fp32. For a
/// backward pass each layer has its own, otherwise the layers share them.
/// </summary>
sealed class BertActivations
{
    readonly Arena _arena;
    readonly ElementType _type;

    public BertActivations(
        Arena arena,
        BertConfig config,
        Pooler pooler,
        PackedBatch batch,
        ElementType type,
        bool savedForBackward)
    {
        _arena = arena;
        _type = type;
        Config = config;
        Pooler = pooler;
        Batch = batch;
        SavedForBackward = savedForBackward;
        PooledStates = pooler.HiddenStates(config.Layers);
        EmbeddingSum = TokenRows();
        EmbeddingRstd = savedForBackward ? arena.Allocate(1, batch.Tokens) : default;
        Hidden.Add(TokenRows());
        AllocateLayers();
        int width = pooler.Width(config.HiddenSize);
        Pooled = pooler.IsLastHiddenState ? Hidden[^1] : arena.Allocate(batch.Sentences, width);
    }

    public BertConfig Config { get; }

    public Pooler Pooler { get; }

    public PackedBatch Batch { get; }

    /// <summary>Whether a backward pass can follow.</summary>
    public bool SavedForBackward { get; }

    /// <summary>[T,H]: the sum of the embeddings; normalised in place if saved for backward.</summary>
    public Matrix EmbeddingSum { get; }

    /// <summary>[1,T].</summary>
    public Matrix EmbeddingRstd { get; }

    /// <summary>
    /// The embedding output, then each layer's output: [T,H], or [S,H] for a layer with
    /// <see cref="LayerActivations.ClsOnly"/>.
    /// </summary>
    public List<Matrix> Hidden { get; } = [];

    public List<LayerActivations> Layers { get; } = [];

    /// <summary>Indices of the <see cref="Hidden"/> states that are pooled, the last layer's output first.</summary>
    public IReadOnlyList<int> PooledStates { get; }

    /// <summary>
    /// [S,H], or wider where poolings are joined, in fp32; or the last of <see cref="Hidden"/>, where that is pooled.
    /// </summary>
    public Matrix Pooled { get; }

    /// <summary>Returns the key of device work on these buffers.</summary>
    public GraphKey Key(object owner, string part) => new(
        owner,
        part,
        Batch.Sentences,
        Batch.Tokens,
        Batch.LongestSentence,
        Batch.Ids.Address,
        EmbeddingSum.Address);

    void AllocateLayers()
    {
        // Without a backward pass two buffers alternate as the outputs of layers.
        Matrix even = SavedForBackward ? default : TokenRows();
        Matrix odd = SavedForBackward ? default : TokenRows();
        LayerActivations? shared = null;
        for (int index = 0; index < Config.Layers; index++)
        {
            bool last = index == Config.Layers - 1;
            bool clsOnly = last && Pooler.ReadsClsOnly;
            LayerActivations layer = shared is null || clsOnly ? AllocateLayer(clsOnly) : shared;
            if (!SavedForBackward && !clsOnly) shared = layer;
            Layers.Add(layer);

            bool pooledLater = !last && index < Config.Layers - 2 && PooledStates.Contains(index + 1);
            if (clsOnly) Hidden.Add(_arena.Allocate(Batch.Sentences, Config.HiddenSize, _type));
            else if (SavedForBackward || pooledLater) Hidden.Add(TokenRows());
            else Hidden.Add(index % 2 == 0 ? even : odd);
        }
    }

    LayerActivations AllocateLayer(bool clsOnly)
    {
        int h = Config.HiddenSize;
        int f = Config.IntermediateSize;
        int s = Batch.Sentences;
        int rows = clsOnly ? s : Batch.Tokens;
        return new LayerActivations
        {
            ClsOnly = clsOnly,
            ClsInput = clsOnly ? _arena.Allocate(s, h, _type) : default,
            Query = clsOnly ? _arena.Allocate(s, h, _type) : default,
            Qkv = _arena.Allocate(Batch.Tokens, clsOnly ? 2 * h : 3 * h, _type),
            Context = _arena.Allocate(rows, h, _type),
            LogSumExp = SavedForBackward ? _arena.Allocate(Config.Heads, rows) : default,
            AttentionOutput = _arena.Allocate(rows, h, _type),
            AttentionRstd = SavedForBackward ? _arena.Allocate(1, rows) : default,
            AttentionNorm = _arena.Allocate(rows, h, _type),
            FeedForwardUp = _arena.Allocate(rows, f, _type),
            FeedForwardActivation = SavedForBackward ? _arena.Allocate(rows, f, _type) : default,
            FeedForwardDown = _arena.Allocate(rows, h, _type),
            FeedForwardRstd = SavedForBackward ? _arena.Allocate(1, rows) : default,
        };
    }

    Matrix TokenRows() => _arena.Allocate(Batch.Tokens, Config.HiddenSize, _type);
}

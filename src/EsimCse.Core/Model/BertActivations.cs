using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>
/// What a forward pass writes, in the element type of the weights that it reads, row statistics in fp32: kept a layer each where a backward will read it, in the same few buffers for all layers otherwise.
/// </summary>
sealed class BertActivations
{
    public BertActivations(Arena arena, BertConfig config, PoolerKind pooler, PackedBatch batch, ElementType type, bool keep)
    {
        (int t, int s, int h, int f) = (batch.Tokens, batch.Sentences, config.HiddenSize, config.IntermediateSize);
        (Config, Pooler, Batch, SavedForBackward) = (config, pooler, batch, keep);
        EmbeddingSum = arena.Allocate(t, h, type);
        EmbeddingRstd = keep ? arena.Allocate(1, t) : default;
        Matrix embedded = arena.Allocate(t, h, type), other = keep ? default : arena.Allocate(t, h, type), another = keep ? default : arena.Allocate(t, h, type);
        Hidden.Add(embedded);
        Layer? shared = null;
        for (int index = 0; index < config.Layers; index++)
        {
            bool last = index == config.Layers - 1 && pooler.ReadsClsOnly();
            int rows = last ? s : t;
            Layer layer = shared is not null && !last ? shared : new Layer
            {
                ClsOnly = last,
                ClsInput = last ? arena.Allocate(s, h, type) : default,
                Query = last ? arena.Allocate(s, h, type) : default,
                Qkv = arena.Allocate(t, last ? 2 * h : 3 * h, type),
                Context = arena.Allocate(rows, h, type),
                LogSumExp = keep ? arena.Allocate(config.Heads, rows) : default,
                AttentionOutput = arena.Allocate(rows, h, type),
                AttentionRstd = keep ? arena.Allocate(1, rows) : default,
                AttentionNorm = arena.Allocate(rows, h, type),
                FeedForwardUp = arena.Allocate(rows, f, type),
                Gelu = keep ? arena.Allocate(rows, f, type) : default,
                FeedForwardDown = arena.Allocate(rows, h, type),
                FeedForwardRstd = keep ? arena.Allocate(1, rows) : default,
            };
            if (!keep && !last) shared = layer;
            LayerActivations.Add(layer);
            Hidden.Add(last ? arena.Allocate(s, h, type) : keep ? arena.Allocate(t, h, type) : index % 2 == 0 ? other : another);
        }
        Pooled = pooler.ReadsClsOnly() ? Hidden[^1] : arena.Allocate(s, h);
    }

    /// <summary>What stands for the same work on these very buffers.</summary>
    public GraphKey Key(object owner, string part) =>
        new(owner, part, Batch.Sentences, Batch.Tokens, Batch.LongestSentence, Batch.Ids.Address, EmbeddingSum.Address);

    public BertConfig Config { get; }

    public PoolerKind Pooler { get; }

    public PackedBatch Batch { get; }

    /// <summary>Whether a backward can follow.</summary>
    public bool SavedForBackward { get; }

    /// <summary>[T,H]: the sum of the embeddings; normalised in place where it is kept.</summary>
    public Matrix EmbeddingSum { get; }

    /// <summary>[1,T].</summary>
    public Matrix EmbeddingRstd { get; }

    /// <summary>The embedding output, then each layer's: [T,H], or [S,H] where only first tokens were computed.</summary>
    public List<Matrix> Hidden { get; } = [];

    public List<Layer> LayerActivations { get; } = [];

    /// <summary>Which <see cref="Hidden"/> is pooled beside the last; -1 for none.</summary>
    public int OtherPooledLayer => Pooler switch { PoolerKind.AvgTop2 => Config.Layers - 1, PoolerKind.AvgFirstLast => 0, _ => -1 };

    /// <summary>[S,H]: means in fp32, first tokens as they are stored.</summary>
    public Matrix Pooled { get; }

    /// <summary>R rows: T, or S in a last layer that computes first tokens alone.</summary>
    public sealed record Layer
    {
        public bool ClsOnly { get; init; }

        /// <summary>[S,H]: the layer's input at first tokens; only where they are computed alone.</summary>
        public Matrix ClsInput { get; init; }

        /// <summary>[S,H]; likewise.</summary>
        public Matrix Query { get; init; }

        /// <summary>[T,3H], or keys and values alone: [T,2H].</summary>
        public Matrix Qkv { get; init; }

        /// <summary>[R,H].</summary>
        public Matrix Context { get; init; }

        /// <summary>[A,R].</summary>
        public Matrix LogSumExp { get; init; }

        /// <summary>[R,H]: after the output product; normalised in place where it is kept.</summary>
        public Matrix AttentionOutput { get; init; }

        /// <summary>[1,R].</summary>
        public Matrix AttentionRstd { get; init; }

        /// <summary>[R,H]: what the feed-forward reads.</summary>
        public Matrix AttentionNorm { get; init; }

        /// <summary>[R,F]: before GELU.</summary>
        public Matrix FeedForwardUp { get; init; }

        /// <summary>[R,F]: after GELU; absent where GELU runs in place.</summary>
        public Matrix Gelu { get; init; }

        /// <summary>[R,H]: after the second product; normalised in place where it is kept.</summary>
        public Matrix FeedForwardDown { get; init; }

        /// <summary>[1,R].</summary>
        public Matrix FeedForwardRstd { get; init; }
    }
}

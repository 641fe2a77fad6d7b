using EsimCse.Core.Backend;
using EsimCse.Core.Model.Poolers;

namespace EsimCse.Core.Model;

/// <summary>
/// What a forward pass writes, in the element type of the weights that it reads, row statistics in fp32: kept a layer each where a backward will read it, in the same few buffers for all layers otherwise.
/// </summary>
sealed class BertActivations
{
    public BertActivations(Arena arena, BertConfig config, Pooler pooler, PackedBatch batch, ElementType type, bool savedForBackward)
    {
        (int t, int s, int h, int f) = (batch.Tokens, batch.Sentences, config.HiddenSize, config.IntermediateSize);
        (Config, Pooler, Batch, SavedForBackward) = (config, pooler, batch, savedForBackward);
        PooledStates = pooler.HiddenStates(config.Layers);
        EmbeddingSum = arena.Allocate(t, h, type);
        EmbeddingRstd = savedForBackward ? arena.Allocate(1, t) : default;
        Matrix embedded = arena.Allocate(t, h, type), other = savedForBackward ? default : arena.Allocate(t, h, type), another = savedForBackward ? default : arena.Allocate(t, h, type);
        Hidden.Add(embedded);
        Layer? shared = null;
        for (int index = 0; index < config.Layers; index++)
        {
            bool last = index == config.Layers - 1 && pooler.ReadsClsOnly;
            int rows = last ? s : t;
            Layer layer = shared is not null && !last ? shared : new Layer
            {
                ClsOnly = last,
                ClsInput = last ? arena.Allocate(s, h, type) : default,
                Query = last ? arena.Allocate(s, h, type) : default,
                Qkv = arena.Allocate(t, last ? 2 * h : 3 * h, type),
                Context = arena.Allocate(rows, h, type),
                LogSumExp = savedForBackward ? arena.Allocate(config.Heads, rows) : default,
                AttentionOutput = arena.Allocate(rows, h, type),
                AttentionRstd = savedForBackward ? arena.Allocate(1, rows) : default,
                AttentionNorm = arena.Allocate(rows, h, type),
                FeedForwardUp = arena.Allocate(rows, f, type),
                Gelu = savedForBackward ? arena.Allocate(rows, f, type) : default,
                FeedForwardDown = arena.Allocate(rows, h, type),
                FeedForwardRstd = savedForBackward ? arena.Allocate(1, rows) : default,
            };
            if (!savedForBackward && !last) shared = layer;
            LayerActivations.Add(layer);
            int output = index + 1;
            bool pooledLater = output < config.Layers - 1 && PooledStates.Contains(output);
            if (last) Hidden.Add(arena.Allocate(s, h, type));
            else if (savedForBackward || pooledLater) Hidden.Add(arena.Allocate(t, h, type));
            else Hidden.Add(index % 2 == 0 ? other : another);
        }
        Pooled = pooler.ReadsClsOnly ? Hidden[^1] : arena.Allocate(s, h);
    }

    /// <summary>What stands for the same work on these very buffers.</summary>
    public GraphKey Key(object owner, string part) =>
        new(owner, part, Batch.Sentences, Batch.Tokens, Batch.LongestSentence, Batch.Ids.Address, EmbeddingSum.Address);

    public BertConfig Config { get; }

    public Pooler Pooler { get; }

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

    /// <summary>Indices of the <see cref="Hidden"/> states that are pooled, the last layer's output first.</summary>
    public IReadOnlyList<int> PooledStates { get; }

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

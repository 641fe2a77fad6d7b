using System.Diagnostics.CodeAnalysis;
using EsimCse.Core.Backend;

namespace EsimCse.Core.Model.Poolers;

/// <summary>
/// A method of pooling token vectors into a sentence vector. A new pooler is a class in this folder, a property here
/// and an entry of <see cref="All"/>.
/// </summary>
public abstract class Pooler
{
    private protected Pooler() { }

    /// <summary>tanh(W h + b) of the last layer's [CLS] vector h; W, b = pooler.dense.</summary>
    public static Pooler Cls { get; } = new ClsPooler();

    /// <summary>The last layer's [CLS] vector.</summary>
    public static Pooler ClsBeforePooler { get; } = new ClsBeforePooler();

    /// <summary>The mean of the last layer's token vectors.</summary>
    public static Pooler Avg { get; } = new AvgPooler();

    /// <summary>The mean of the token means of the last two layers.</summary>
    public static Pooler AvgTop2 { get; } = new AvgTop2Pooler();

    /// <summary>The mean of the token means of the embedding output and the last layer.</summary>
    public static Pooler AvgFirstLast { get; } = new AvgFirstLastPooler();

    /// <summary>All poolers, in the order in which messages list them.</summary>
    public static IReadOnlyList<Pooler> All { get; } = [Cls, ClsBeforePooler, Avg, AvgTop2, AvgFirstLast];

    /// <summary>The name on the command line and in files.</summary>
    public abstract string Name { get; }

    /// <summary>Whether pooler.dense and tanh follow the pooling.</summary>
    public virtual bool HasHead => false;

    /// <summary>The same pooling without the head; this pooler where it has none.</summary>
    public virtual Pooler WithoutHead => this;

    /// <summary>The same pooling followed by a head; null where there is none.</summary>
    public Pooler? WithHead => All.FirstOrDefault(pooler => pooler.HasHead && pooler.WithoutHead == this);

    /// <summary>
    /// Whether [CLS] vectors of the last layer are the pooled vectors. The last layer then computes only these rows.
    /// </summary>
    internal virtual bool ReadsClsOnly => false;

    /// <summary>
    /// Whether the pooled vectors are the last layer's output itself, so that neither <see cref="Forward"/> nor
    /// <see cref="Backward"/> has anything to do.
    /// </summary>
    internal virtual bool IsLastHiddenState => ReadsClsOnly;

    /// <summary>The mode of sentence-transformers' Pooling module; null where it has no such pooling.</summary>
    public abstract PoolingMode? SentenceTransformersMode { get; }

    /// <summary>
    /// Returns the pooler of sentence-transformers' modes, without a head: the one of <see cref="All"/> for a single
    /// mode that has one, else a pooler for inference that joins the modes in their order.
    /// </summary>
    internal static Pooler From(IReadOnlyList<PoolingMode> modes) =>
        All.FirstOrDefault(pooler => !pooler.HasHead && modes is [var mode] && pooler.SentenceTransformersMode == mode)
        ?? new JoinedPooler(modes);

    /// <summary>Finds a pooler by name; false where there is none.</summary>
    public static bool TryParse(string? name, [NotNullWhen(true)] out Pooler? pooler)
    {
        pooler = All.FirstOrDefault(pooler => pooler.Name == name);
        return pooler is not null;
    }

    /// <inheritdoc/>
    public sealed override string ToString() => Name;

    /// <summary>Returns the elements of a pooled vector.</summary>
    internal virtual int Width(int hiddenSize) => hiddenSize;

    /// <summary>
    /// Returns the hidden states that are pooled: 0 is the embedding output, l the output of layer l. The last layer's
    /// output is always one of them, and the first.
    /// </summary>
    internal abstract IReadOnlyList<int> HiddenStates(int layers);

    /// <summary>Computes <see cref="BertActivations.Pooled"/> from the hidden states.</summary>
    internal virtual void Forward(IBackend backend, BertActivations activations) { }

    /// <summary>
    /// Computes the gradient dhidden [T,H] of one of <see cref="HiddenStates"/>, or adds it if accumulate is true.
    /// dpooled [S,H] is the gradient of <see cref="BertActivations.Pooled"/>.
    /// </summary>
    internal virtual void Backward(
        IBackend backend,
        BertActivations activations,
        Matrix dpooled,
        int hiddenState,
        bool accumulate,
        Matrix dhidden)
    {
    }
}

using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>
/// The buffers of one layer. They have R rows: T, or S where <see cref="ClsOnly"/>. Row statistics and
/// <see cref="LogSumExp"/> are present only if saved for backward.
/// </summary>
sealed record LayerActivations
{
    /// <summary>Whether this is a last layer that computes its output for [CLS] tokens only.</summary>
    public bool ClsOnly { get; init; }

    /// <summary>[S,H]: the layer's input at [CLS] tokens; present if <see cref="ClsOnly"/>.</summary>
    public Matrix ClsInput { get; init; }

    /// <summary>[S,H]: present if <see cref="ClsOnly"/>.</summary>
    public Matrix Query { get; init; }

    /// <summary>[T,3H]; keys and values [T,2H] if <see cref="ClsOnly"/>.</summary>
    public Matrix Qkv { get; init; }

    /// <summary>[R,H].</summary>
    public Matrix Context { get; init; }

    /// <summary>[A,R].</summary>
    public Matrix LogSumExp { get; init; }

    /// <summary>[R,H]: the attention's output projection; normalised in place if saved for backward.</summary>
    public Matrix AttentionOutput { get; init; }

    /// <summary>[1,R].</summary>
    public Matrix AttentionRstd { get; init; }

    /// <summary>[R,H]: the input of the feed-forward.</summary>
    public Matrix AttentionNorm { get; init; }

    /// <summary>[R,F]: before the activation function.</summary>
    public Matrix FeedForwardUp { get; init; }

    /// <summary>
    /// [R,F]: after the activation function; present if saved for backward, otherwise the function runs in place.
    /// </summary>
    public Matrix FeedForwardActivation { get; init; }

    /// <summary>[R,H]: the second projection; normalised in place if saved for backward.</summary>
    public Matrix FeedForwardDown { get; init; }

    /// <summary>[1,R].</summary>
    public Matrix FeedForwardRstd { get; init; }
}

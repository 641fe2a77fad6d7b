using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>The tensors of an arena as the layers use them: the parameters, or with the same shapes their gradients or averages.</summary>
public sealed class BertWeights
{
    /// <summary>Views into an arena of this layout, fp32; and into its shadow, where products and the embedding shall read another element type.</summary>
    public BertWeights(BertConfig config, ParameterLayout layout, Matrix arena, Matrix shadow = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(layout);
        (Arena, LowPrecision, Layout) = (arena, shadow, layout);
        Words = Stored("embeddings.word_embeddings.weight");
        Positions = Stored("embeddings.position_embeddings.weight");
        Types = Stored("embeddings.token_type_embeddings.weight");
        Norm = NormOf("embeddings.LayerNorm");
        Layers = [.. Enumerable.Range(0, config.Layers).Select(layer => Layer($"encoder.layer.{layer}.", config.HiddenSize))];
        if (layout.HasHead) Head = LinearOf("pooler.dense");
    }

    /// <summary>The whole arena.</summary>
    public Matrix Arena { get; }

    /// <summary>The same in the element type of the activations; absent where that is fp32.</summary>
    public Matrix LowPrecision { get; }

    /// <summary>What activations are stored as.</summary>
    public ElementType Type => Words.Type;

    /// <summary>Its layout.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>[V,H].</summary>
    public Matrix Words { get; }

    /// <summary>[P,H].</summary>
    public Matrix Positions { get; }

    /// <summary>[token types,H].</summary>
    public Matrix Types { get; }

    /// <summary>After the embeddings.</summary>
    public NormWeights Norm { get; }

    /// <summary>From the embeddings upwards.</summary>
    public IReadOnlyList<LayerWeights> Layers { get; }

    /// <summary>pooler.dense; absent where the layout has none.</summary>
    public LinearWeights Head { get; }

    // A product adds its bias before it rounds, in the type of its result: stored. The norms and the head add theirs in fp32.
    LayerWeights Layer(string prefix, int hidden) => new(
        new(Stored(prefix + "attention.self.query.weight") with { Rows = 3 * hidden }, Stored(prefix + "attention.self.query.bias") with { Columns = 3 * hidden }),
        LinearOf(prefix + "attention.output.dense"), NormOf(prefix + "attention.output.LayerNorm"),
        new(Stored(prefix + "intermediate.dense.weight"), Stored(prefix + "intermediate.dense.bias")), LinearOf(prefix + "output.dense"), NormOf(prefix + "output.LayerNorm"));

    LinearWeights LinearOf(string name) => new(Stored(name + ".weight"), Exact(name + ".bias"));

    NormWeights NormOf(string name) => new(Exact(name + ".weight"), Exact(name + ".bias"));

    Matrix Stored(string name) => Layout.ByName[name].In(LowPrecision.IsPresent ? LowPrecision : Arena);

    Matrix Exact(string name) => Layout.ByName[name].In(Arena);
}

/// <summary>y = x Wᵀ + b.</summary>
/// <param name="Weight">[N,K].</param>
/// <param name="Bias">[1,N].</param>
public readonly record struct LinearWeights(Matrix Weight, Matrix Bias)
{
    /// <summary>The rows [first, first + count) of the weight with their biases.</summary>
    public LinearWeights Slice(int first, int count) => new(Weight.Slice(first, count), Bias.Reshape(Bias.Columns, 1).Slice(first, count).Reshape(1, count));
}

/// <summary>γ and β of a layer normalisation.</summary>
/// <param name="Gamma">[1,H].</param>
/// <param name="Beta">[1,H].</param>
public readonly record struct NormWeights(Matrix Gamma, Matrix Beta);

/// <summary>One layer of the encoder.</summary>
/// <param name="Qkv">Query, key and value: [3H,H].</param>
/// <param name="Output">[H,H].</param>
/// <param name="OutputNorm">After attention.</param>
/// <param name="Up">[F,H].</param>
/// <param name="Down">[H,F].</param>
/// <param name="Norm">After the feed-forward.</param>
public sealed record LayerWeights(LinearWeights Qkv, LinearWeights Output, NormWeights OutputNorm, LinearWeights Up, LinearWeights Down, NormWeights Norm);

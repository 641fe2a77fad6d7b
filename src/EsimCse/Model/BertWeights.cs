namespace EsimCse.Model;

/// <summary>The tensors of an arena as the layers use them: the parameters, or with the same shapes their gradients or averages.</summary>
public sealed class BertWeights
{
    /// <summary>Views into an arena of this layout.</summary>
    public BertWeights(BertConfig config, ParameterLayout layout, Matrix arena)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(layout);
        (Arena, Layout) = (arena, layout);
        Words = Tensor("embeddings.word_embeddings.weight");
        Positions = Tensor("embeddings.position_embeddings.weight");
        Types = Tensor("embeddings.token_type_embeddings.weight");
        Norm = NormOf("embeddings.LayerNorm");
        Layers = [.. Enumerable.Range(0, config.Layers).Select(layer => Layer($"encoder.layer.{layer}.", config.HiddenSize))];
        if (layout.HasHead) Head = LinearOf("pooler.dense");
    }

    /// <summary>The whole arena.</summary>
    public Matrix Arena { get; }

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

    LayerWeights Layer(string prefix, int hidden) => new(
        new(Tensor(prefix + "attention.self.query.weight") with { Rows = 3 * hidden }, Tensor(prefix + "attention.self.query.bias") with { Columns = 3 * hidden }),
        LinearOf(prefix + "attention.output.dense"), NormOf(prefix + "attention.output.LayerNorm"),
        LinearOf(prefix + "intermediate.dense"), LinearOf(prefix + "output.dense"), NormOf(prefix + "output.LayerNorm"));

    LinearWeights LinearOf(string name) => new(Tensor(name + ".weight"), Tensor(name + ".bias"));

    NormWeights NormOf(string name) => new(Tensor(name + ".weight"), Tensor(name + ".bias"));

    Matrix Tensor(string name) => Layout.ByName[name].In(Arena);
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

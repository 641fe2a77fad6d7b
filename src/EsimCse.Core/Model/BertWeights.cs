using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>
/// Views of an arena's tensors as the layers use them: of the parameters, or of their gradients or EMA weights, which
/// have the same shapes.
/// </summary>
sealed class BertWeights
{
    readonly ModuleNames _names;

    /// <summary>Makes views of an arena.</summary>
    /// <param name="config">The sizes and names.</param>
    /// <param name="layout">The layout of both arenas.</param>
    /// <param name="arena">The fp32 arena.</param>
    /// <param name="lowPrecision">
    /// A copy in the element type of the activations, which matrix products and the embedding read; absent where that
    /// is fp32.
    /// </param>
    public BertWeights(BertConfig config, ParameterLayout layout, Matrix arena, Matrix lowPrecision = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(layout);
        Arena = arena;
        LowPrecision = lowPrecision;
        Layout = layout;
        _names = config.Family.Modules;
        Words = Weight(_names.WordEmbeddings);
        Positions = Weight(_names.PositionEmbeddings).Slice(config.PositionOffset, config.MaxPositions);
        Types = Weight(_names.TokenTypeEmbeddings);
        Norm = LayerNorm(_names.EmbeddingNorm);
        Layers = [.. Enumerable.Range(0, config.Layers).Select(layer => Layer(_names.Layer(layer), config.HiddenSize))];
        if (layout.HasHead) Head = Linear(_names.Head);
        if (layout.HasMaskedLanguageHead) MaskedLanguageHead = CreateMaskedLanguageHead();
    }

    /// <summary>The fp32 arena: the master weights.</summary>
    public Matrix Arena { get; }

    /// <summary>
    /// The copy of <see cref="Arena"/> in the element type of the activations; absent where that is fp32.
    /// </summary>
    public Matrix LowPrecision { get; }

    /// <summary>The element type of the activations.</summary>
    public ElementType Type => Words.Type;

    /// <summary>The layout of both arenas.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>[V,H].</summary>
    public Matrix Words { get; }

    /// <summary>[P,H]: row 0 is the first token's.</summary>
    public Matrix Positions { get; }

    /// <summary>[token types,H].</summary>
    public Matrix Types { get; }

    /// <summary>The normalisation of the embeddings.</summary>
    public NormWeights Norm { get; }

    /// <summary>The layers, first to last.</summary>
    public IReadOnlyList<LayerWeights> Layers { get; }

    /// <summary>The head of the pooler cls; absent where the layout has none.</summary>
    public LinearWeights Head { get; }

    /// <summary>The masked-language head; absent where the layout has none.</summary>
    public MaskedLanguageHeadWeights MaskedLanguageHead { get; }

    /// <summary>Returns the weights of the products of a forward pass, as that pass reads them.</summary>
    /// <param name="clsOnly">Whether the last layer computes its output for [CLS] tokens only.</param>
    public IReadOnlyList<Matrix> ProductWeights(bool clsOnly)
    {
        List<Matrix> weights = [];
        foreach (LayerWeights layer in Layers)
        {
            Matrix qkv = layer.Qkv.Weight;
            int hidden = qkv.Columns;
            if (clsOnly && layer == Layers[^1])
                weights.AddRange([qkv.Slice(0, hidden), qkv.Slice(hidden, 2 * hidden)]);
            else weights.Add(qkv);
            weights.AddRange([layer.Output.Weight, layer.Up.Weight, layer.Down.Weight]);
        }
        if (Layout.HasHead) weights.Add(Head.Weight);
        return weights;
    }

    /// <summary>Rounds the fp32 weights to their low-precision copy, where there is one.</summary>
    public void RefreshLowPrecision(IBackend backend)
    {
        if (LowPrecision.IsPresent) backend.Cast(Arena, LowPrecision);
    }

    // A matrix product adds its bias in the type of its result, before rounding; norms and the head add theirs in fp32.
    LayerWeights Layer(string prefix, int hidden)
    {
        string query = prefix + _names.Query;
        string up = prefix + _names.FeedForwardUp;
        Matrix qkvWeight = Weight(query) with { Rows = 3 * hidden };
        Matrix qkvBias = InActivationType(query + ".bias") with { Columns = 3 * hidden };
        return new LayerWeights(
            Qkv: new LinearWeights(qkvWeight, qkvBias),
            Output: Linear(prefix + _names.AttentionOutput),
            OutputNorm: LayerNorm(prefix + _names.AttentionNorm),
            Up: new LinearWeights(Weight(up), InActivationType(up + ".bias")),
            Down: Linear(prefix + _names.FeedForwardDown),
            Norm: LayerNorm(prefix + _names.FeedForwardNorm));
    }

    MaskedLanguageHeadWeights CreateMaskedLanguageHead()
    {
        string dense = _names.MaskedLanguageDense;
        return new MaskedLanguageHeadWeights(
            Dense: new LinearWeights(Weight(dense), InActivationType(dense + ".bias")),
            Norm: LayerNorm(_names.MaskedLanguageNorm),
            Bias: InFloat32(_names.MaskedLanguageBias));
    }

    LinearWeights Linear(string module) => new(Weight(module), InFloat32(module + ".bias"));

    NormWeights LayerNorm(string module) => new(InFloat32(module + ".weight"), InFloat32(module + ".bias"));

    Matrix Weight(string module) => InActivationType(module + ".weight");

    Matrix InActivationType(string name) => Layout.ByName[name].In(LowPrecision.IsPresent ? LowPrecision : Arena);

    Matrix InFloat32(string name) => Layout.ByName[name].In(Arena);
}

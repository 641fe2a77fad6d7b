using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>
/// The backward pass of <see cref="BertForward"/>, from the gradient of the pooled vectors to that of the embeddings.
/// </summary>
/// <remarks>
/// The gradients by the weights of layers of one shape follow at the end, all layers in one product, which keeps a GPU
/// fuller than one layer does. Until then the gradients of their outputs are kept, mostly in the buffers of activations
/// that are no longer read.
/// </remarks>
sealed class BertBackward
{
    readonly IBackend _backend;
    readonly BertWeights _weights;
    readonly BertWeights _gradients;
    readonly Matrix _touchedWords;
    readonly BertActivations _activations;
    readonly BertConfig _config;
    readonly DropoutMask _mask;
    readonly PackedBatch _batch;

    // Number of first layers that have one shape: all, or all but a last one of [CLS] rows.
    readonly int _fullLayers;

    // Gradients of a layer's output, of the feed-forward's activation, of the attention's context, of Q, K, V of all
    // full layers, and of the [CLS] rows.
    readonly Matrix _dhidden;
    readonly Matrix _dactivation;
    readonly Matrix _dcontext;
    readonly Matrix _dqkv;
    readonly Matrix _dclsKeyValue;
    readonly Matrix _dquery;

    public BertBackward(
        IBackend backend,
        BertWeights weights,
        BertWeights gradients,
        Matrix touchedWords,
        BertActivations activations,
        DropoutMask mask,
        Arena scratch)
    {
        _backend = backend;
        _weights = weights;
        _gradients = gradients;
        _touchedWords = touchedWords;
        _activations = activations;
        _config = activations.Config;
        _mask = mask;
        _batch = activations.Batch;
        int t = _batch.Tokens;
        int s = _batch.Sentences;
        int h = _config.HiddenSize;
        ElementType type = weights.Type;
        bool clsOnly = activations.Layers[^1].ClsOnly;
        _fullLayers = activations.Layers.Count - (clsOnly ? 1 : 0);
        _dhidden = scratch.Allocate(t, h, type);
        _dactivation = scratch.Allocate(t, _config.IntermediateSize, type);
        _dcontext = scratch.Allocate(t, h, type);
        _dqkv = scratch.Allocate(checked(_fullLayers * t), 3 * h, type);
        _dclsKeyValue = clsOnly ? scratch.Allocate(t, 2 * h, type) : default;
        _dquery = clsOnly ? scratch.Allocate(s, h, type) : default;
    }

    /// <summary>
    /// Runs the pass. dpooled, of the shape and type of <see cref="BertActivations.Pooled"/>, is overwritten, and so
    /// are the activations. Gradients of parameters are added to those there are; those of the layers' matrices only if
    /// <paramref name="accumulate"/>, otherwise they are overwritten.
    /// </summary>
    public void Run(Matrix dpooled, bool accumulate)
    {
        Matrix d = Pool(dpooled);
        for (int layer = _weights.Layers.Count - 1; layer >= 0; layer--)
        {
            LayerActivations a = _activations.Layers[layer];
            FeedForward(layer, a, d);
            d = a.ClsOnly ? AttendFromCls(layer, a, d, accumulate) : Attend(layer, a, d);
            if (_activations.PooledStates.Contains(layer))
                _activations.Pooler.Backward(_backend, _activations, dpooled, layer, accumulate: true, d);
        }
        Embed(d);
        if (_fullLayers > 0) AddWeightGradients(accumulate);
    }

    /// <summary>Returns the gradient of the last layer's output.</summary>
    Matrix Pool(Matrix dpooled)
    {
        if (_activations.Pooler.IsLastHiddenState) return dpooled;
        int last = _config.Layers;
        _activations.Pooler.Backward(_backend, _activations, dpooled, last, accumulate: false, _dhidden);
        return _dhidden;
    }

    /// <summary>
    /// Replaces d, the gradient of the layer's output, by that of the residual around the attention. Leaves the
    /// gradients of the three projections' outputs where those were.
    /// </summary>
    void FeedForward(int layer, LayerActivations a, Matrix d)
    {
        LayerWeights w = _weights.Layers[layer];
        LayerWeights g = _gradients.Layers[layer];
        int site = BertForward.AttentionSite(layer);
        Matrix dactivation = _dactivation.Slice(0, d.Rows);
        Matrix offsets = a.ClsOnly ? default : _batch.Offsets;

        _backend.LayerNormBackward(
            d, a.FeedForwardDown, a.FeedForwardRstd, offsets, _mask.At(site + 2), w.Norm.Gamma,
            d, a.FeedForwardDown, g.Down.Bias, g.Norm.Gamma, g.Norm.Beta);
        _backend.LinearBackwardInput(a.FeedForwardDown, w.Down.Weight, accumulate: false, dactivation);
        _backend.ActivationBackward(
            dactivation, a.FeedForwardUp, _config.HiddenActivation, a.FeedForwardUp, g.Up.Bias);
        _backend.LinearBackwardInput(a.FeedForwardUp, w.Up.Weight, accumulate: true, d);

        _backend.LayerNormBackward(
            d, a.AttentionOutput, a.AttentionRstd, offsets, _mask.At(site + 1), w.OutputNorm.Gamma,
            d, a.AttentionOutput, g.Output.Bias, g.OutputNorm.Gamma, g.OutputNorm.Beta);
    }

    /// <summary>Returns the gradient of the layer's input, in d.</summary>
    Matrix Attend(int layer, LayerActivations a, Matrix d)
    {
        LayerWeights w = _weights.Layers[layer];
        DropoutMask dropout = _mask.At(BertForward.AttentionSite(layer));
        Matrix dqkv = Dqkv(layer);
        _backend.LinearBackwardInput(a.AttentionOutput, w.Output.Weight, accumulate: false, _dcontext);
        _backend.AttentionBackward(
            _dcontext, a.Qkv, a.Context, a.LogSumExp, _batch, _config.Heads, dropout,
            dqkv, _gradients.Layers[layer].Qkv.Bias);
        _backend.LinearBackwardInput(dqkv, w.Qkv.Weight, accumulate: true, d);
        return d;
    }

    /// <summary>Returns the gradient of the layer's input [T,H]; d [S,H] is overwritten.</summary>
    Matrix AttendFromCls(int layer, LayerActivations a, Matrix d, bool accumulate)
    {
        int hidden = _config.HiddenSize;
        LinearWeights w = _weights.Layers[layer].Qkv;
        LinearWeights g = _gradients.Layers[layer].Qkv;
        LinearWeights wq = w.Slice(0, hidden);
        LinearWeights wkv = w.Slice(hidden, 2 * hidden);
        LinearWeights gq = g.Slice(0, hidden);
        LinearWeights gkv = g.Slice(hidden, 2 * hidden);
        DropoutMask dropout = _mask.At(BertForward.AttentionSite(layer));
        Matrix dcontext = _dcontext.Slice(0, d.Rows);
        Matrix dkv = _dclsKeyValue;

        _backend.LinearBackwardInput(
            a.AttentionOutput, _weights.Layers[layer].Output.Weight, accumulate: false, dcontext);
        _backend.ClsAttentionBackward(
            dcontext, a.Query, a.Qkv, a.Context, a.LogSumExp, _batch, _config.Heads, dropout,
            _dquery, dkv, g.Bias);
        AddFeedForwardWeightGradients(layer, 1, accumulate);

        // query: from [CLS] rows
        _backend.LinearBackwardWeight(_dquery, a.ClsInput, accumulate, gq.Weight, default);
        _backend.LinearBackwardInput(_dquery, wq.Weight, accumulate: true, d);

        // keys and values: from all rows
        _backend.LinearBackwardWeight(dkv, _activations.Hidden[layer], accumulate, gkv.Weight, default);
        _backend.LinearBackwardInput(dkv, wkv.Weight, accumulate: false, _dhidden);
        _backend.ClsPoolingBackward(d, _batch, _dhidden);
        return _dhidden;
    }

    void Embed(Matrix d)
    {
        if (_mask.IsActive) _backend.DropoutBackward(d, _batch.Offsets, _mask.At(0), d);
        _backend.LayerNormBackward(
            d, _activations.EmbeddingSum, _activations.EmbeddingRstd, _batch.Offsets, default, _weights.Norm.Gamma,
            d, default, default, _gradients.Norm.Gamma, _gradients.Norm.Beta);
        _backend.EmbeddingBackward(
            d, _batch, _gradients.Words, _gradients.Positions, _gradients.Types, _touchedWords);
    }

    /// <summary>Adds the gradients of the full layers' matrices.</summary>
    void AddWeightGradients(bool accumulate)
    {
        MatrixStack dqkv = Stack(0, _fullLayers, Dqkv);
        MatrixStack input = Stack(0, _fullLayers, layer => _activations.Hidden[layer]);
        MatrixStack dweight = Stack(0, _fullLayers, layer => _gradients.Layers[layer].Qkv.Weight);
        _backend.LinearBackwardWeight(dqkv, input, accumulate, dweight, default);
        AddFeedForwardWeightGradients(0, _fullLayers, accumulate);
    }

    /// <summary>
    /// Adds the gradients of some layers' output projections of the attention and matrices of the feed-forward.
    /// </summary>
    void AddFeedForwardWeightGradients(int first, int count, bool accumulate)
    {
        MatrixStack Activations(Func<LayerActivations, Matrix> matrix) =>
            Stack(first, count, layer => matrix(_activations.Layers[layer]));
        MatrixStack Gradients(Func<LayerWeights, Matrix> matrix) =>
            Stack(first, count, layer => matrix(_gradients.Layers[layer]));
        _backend.LinearBackwardWeight(
            Activations(a => a.AttentionOutput), Activations(a => a.Context), accumulate,
            Gradients(g => g.Output.Weight), default);
        _backend.LinearBackwardWeight(
            Activations(a => a.FeedForwardUp), Activations(a => a.AttentionNorm), accumulate,
            Gradients(g => g.Up.Weight), default);
        _backend.LinearBackwardWeight(
            Activations(a => a.FeedForwardDown), Activations(a => a.FeedForwardActivation), accumulate,
            Gradients(g => g.Down.Weight), default);
    }

    Matrix Dqkv(int layer) => _dqkv.Slice(layer * _batch.Tokens, _batch.Tokens);

    static MatrixStack Stack(int first, int count, Func<int, Matrix> matrix) =>
        MatrixStack.Of([.. Enumerable.Range(first, count).Select(matrix)]);
}

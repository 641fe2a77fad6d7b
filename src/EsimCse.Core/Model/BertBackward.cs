using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>
/// The backward pass of <see cref="BertForward"/>, from the gradient of the pooled vectors to that of the embeddings.
/// Gradients of parameters are added to those already there.
/// </summary>
sealed class BertBackward
{
    readonly IBackend _backend;
    readonly BertWeights _weights;
    readonly BertWeights _gradients;
    readonly BertActivations _activations;
    readonly BertConfig _config;
    readonly DropoutMask _mask;
    readonly PackedBatch _batch;

    // Gradients of a layer's output, of a residual branch, of the feed-forward or of Q, K, V, and of the [CLS] rows.
    readonly Matrix _dhidden;
    readonly Matrix _dbranch;
    readonly Matrix _dwide;
    readonly Matrix _dclsContext;
    readonly Matrix _dquery;

    public BertBackward(
        IBackend backend,
        BertWeights weights,
        BertWeights gradients,
        BertActivations activations,
        DropoutMask mask,
        Arena scratch)
    {
        _backend = backend;
        _weights = weights;
        _gradients = gradients;
        _activations = activations;
        _config = activations.Config;
        _mask = mask;
        _batch = activations.Batch;
        int t = _batch.Tokens;
        int s = _batch.Sentences;
        int h = _config.HiddenSize;
        ElementType type = weights.Type;
        _dhidden = scratch.Allocate(t, h, type);
        _dbranch = scratch.Allocate(t, h, type);
        _dwide = scratch.Allocate(t, Math.Max(_config.IntermediateSize, 3 * h), type);
        _dclsContext = scratch.Allocate(s, h, type);
        _dquery = scratch.Allocate(s, h, type);
    }

    /// <summary>
    /// Runs the pass. dpooled, of the shape and type of <see cref="BertActivations.Pooled"/>, is overwritten.
    /// </summary>
    public void Run(Matrix dpooled)
    {
        Matrix d = Pool(dpooled);
        for (int layer = _weights.Layers.Count - 1; layer >= 0; layer--)
        {
            LayerActivations a = _activations.Layers[layer];
            FeedForward(layer, a, d);
            d = a.ClsOnly ? AttendFromCls(layer, a, d) : Attend(layer, a, d);
            if (_activations.PooledStates.Contains(layer))
                _activations.Pooler.Backward(_backend, _activations, dpooled, layer, accumulate: true, d);
        }
        Embed(d);
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
    /// Replaces d, the gradient of the layer's output, by that of the residual around the attention, and leaves the
    /// gradient of the attention's output projection in <see cref="_dbranch"/>.
    /// </summary>
    void FeedForward(int layer, LayerActivations a, Matrix d)
    {
        LayerWeights w = _weights.Layers[layer];
        LayerWeights g = _gradients.Layers[layer];
        int site = BertForward.AttentionSite(layer);
        Matrix dbranch = _dbranch.Slice(0, d.Rows);
        Matrix dup = View(_dwide, d.Rows, _config.IntermediateSize);
        Matrix offsets = a.ClsOnly ? default : _batch.Offsets;

        _backend.LayerNormBackward(
            d, a.FeedForwardDown, a.FeedForwardRstd, offsets, _mask.At(site + 2), w.Norm.Gamma,
            d, dbranch, g.Down.Bias, g.Norm.Gamma, g.Norm.Beta);
        _backend.LinearBackwardWeight(dbranch, a.FeedForwardActivation, g.Down.Weight, default);
        _backend.LinearBackwardInput(dbranch, w.Down.Weight, accumulate: false, dup);
        _backend.ActivationBackward(dup, a.FeedForwardUp, _config.HiddenActivation, dup);
        _backend.LinearBackwardWeight(dup, a.AttentionNorm, g.Up.Weight, g.Up.Bias);
        _backend.LinearBackwardInput(dup, w.Up.Weight, accumulate: true, d);

        _backend.LayerNormBackward(
            d, a.AttentionOutput, a.AttentionRstd, offsets, _mask.At(site + 1), w.OutputNorm.Gamma,
            d, dbranch, g.Output.Bias, g.OutputNorm.Gamma, g.OutputNorm.Beta);
        _backend.LinearBackwardWeight(dbranch, a.Context, g.Output.Weight, default);
    }

    /// <summary>Returns the gradient of the layer's input, in d.</summary>
    Matrix Attend(int layer, LayerActivations a, Matrix d)
    {
        LayerWeights w = _weights.Layers[layer];
        LayerWeights g = _gradients.Layers[layer];
        DropoutMask dropout = _mask.At(BertForward.AttentionSite(layer));
        // AttentionOutput is no longer read, so its buffer is free.
        Matrix dcontext = a.AttentionOutput;
        Matrix dqkv = View(_dwide, d.Rows, 3 * _config.HiddenSize);
        _backend.LinearBackwardInput(_dbranch, w.Output.Weight, accumulate: false, dcontext);
        _backend.AttentionBackward(dcontext, a.Qkv, a.Context, a.LogSumExp, _batch, _config.Heads, dropout, dqkv);
        _backend.LinearBackwardWeight(dqkv, _activations.Hidden[layer], g.Qkv.Weight, g.Qkv.Bias);
        _backend.LinearBackwardInput(dqkv, w.Qkv.Weight, accumulate: true, d);
        return d;
    }

    /// <summary>Returns the gradient of the layer's input [T,H]; d [S,H] is overwritten.</summary>
    Matrix AttendFromCls(int layer, LayerActivations a, Matrix d)
    {
        int hidden = _config.HiddenSize;
        LinearWeights w = _weights.Layers[layer].Qkv;
        LinearWeights g = _gradients.Layers[layer].Qkv;
        LinearWeights wq = w.Slice(0, hidden);
        LinearWeights wkv = w.Slice(hidden, 2 * hidden);
        LinearWeights gq = g.Slice(0, hidden);
        LinearWeights gkv = g.Slice(hidden, 2 * hidden);
        DropoutMask dropout = _mask.At(BertForward.AttentionSite(layer));
        Matrix dbranch = _dbranch.Slice(0, d.Rows);
        Matrix dkv = View(_dwide, _batch.Tokens, 2 * hidden);

        _backend.LinearBackwardInput(dbranch, _weights.Layers[layer].Output.Weight, accumulate: false, _dclsContext);
        _backend.ClsAttentionBackward(
            _dclsContext, a.Query, a.Qkv, a.Context, a.LogSumExp, _batch, _config.Heads, dropout, _dquery, dkv);

        // query: from [CLS] rows
        _backend.LinearBackwardWeight(_dquery, a.ClsInput, gq.Weight, gq.Bias);
        _backend.LinearBackwardInput(_dquery, wq.Weight, accumulate: true, d);

        // keys and values: from all rows
        _backend.LinearBackwardWeight(dkv, _activations.Hidden[layer], gkv.Weight, gkv.Bias);
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
        _backend.EmbeddingBackward(d, _batch, _gradients.Words, _gradients.Positions, _gradients.Types);
    }

    static Matrix View(Matrix buffer, int rows, int columns) => buffer with { Rows = rows, Columns = columns };
}

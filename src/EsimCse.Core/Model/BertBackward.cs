using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>The gradients of a pass of <see cref="BertForward"/>, from the pooled vectors' down to the embeddings'. Parameter gradients are added up.</summary>
sealed class BertBackward
{
    readonly IBackend _backend;
    readonly BertWeights _weights, _gradients;
    readonly BertActivations _activations;
    readonly DropoutMask _mask;
    readonly PackedBatch _batch;
    readonly Matrix _hidden, _branch, _wide, _first, _dquery;

    public BertBackward(IBackend backend, BertWeights weights, BertWeights gradients, BertActivations activations, DropoutMask mask, Arena scratch)
    {
        (_backend, _weights, _gradients, _activations, _mask, _batch) = (backend, weights, gradients, activations, mask, activations.Batch);
        (int t, int s, int h) = (_batch.Tokens, _batch.Sentences, activations.Config.HiddenSize);
        ElementType type = weights.Type;
        _hidden = scratch.Allocate(t, h, type);
        _branch = scratch.Allocate(t, h, type);
        _wide = scratch.Allocate(t, Math.Max(activations.Config.IntermediateSize, 3 * h), type);
        _first = scratch.Allocate(s, h, type);
        _dquery = scratch.Allocate(s, h, type);
    }

    /// <summary>dpooled [S,H], of the type of what was pooled, is used up.</summary>
    public void Run(Matrix dpooled)
    {
        Matrix d = Pool(dpooled);
        for (int layer = _weights.Layers.Count - 1; layer >= 0; layer--)
        {
            BertActivations.Layer a = _activations.LayerActivations[layer];
            FeedForward(layer, a, d);
            d = a.ClsOnly ? AttendFirstTokens(layer, a, d) : Attend(layer, a, d);
            if (_activations.PooledStates.Contains(layer))
                _activations.Pooler.Backward(_backend, _activations, dpooled, layer, accumulate: true, d);
        }
        Embed(d);
    }

    /// <summary>The gradient of the last layer's output.</summary>
    Matrix Pool(Matrix dpooled)
    {
        if (_activations.Pooler.ReadsClsOnly) return dpooled;
        int last = _activations.Config.Layers;
        _activations.Pooler.Backward(_backend, _activations, dpooled, last, accumulate: false, _hidden);
        return _hidden;
    }

    /// <summary>d: the gradient of the layer's output in, of the attention's sum with its residual out; the branch's part is left in _branch.</summary>
    void FeedForward(int layer, BertActivations.Layer a, Matrix d)
    {
        (LayerWeights w, LayerWeights g) = (_weights.Layers[layer], _gradients.Layers[layer]);
        Matrix branch = _branch.Slice(0, d.Rows), wide = Piece(_wide, d.Rows, _activations.Config.IntermediateSize);
        Matrix offsets = a.ClsOnly ? default : _batch.Offsets;
        int site = BertForward.AttentionSite(layer);
        _backend.LayerNormBackward(d, a.FeedForwardDown, a.FeedForwardRstd, offsets, _mask.At(site + 2), w.Norm.Gamma, d, branch, g.Down.Bias, g.Norm.Gamma, g.Norm.Beta);
        _backend.LinearBackwardWeight(branch, a.Gelu, g.Down.Weight, default);
        _backend.LinearBackwardInput(branch, w.Down.Weight, accumulate: false, wide);
        _backend.GeluBackward(wide, a.FeedForwardUp, wide);
        _backend.LinearBackwardWeight(wide, a.AttentionNorm, g.Up.Weight, g.Up.Bias);
        _backend.LinearBackwardInput(wide, w.Up.Weight, accumulate: true, d);
        _backend.LayerNormBackward(d, a.AttentionOutput, a.AttentionRstd, offsets, _mask.At(site + 1), w.OutputNorm.Gamma, d, branch,
            g.Output.Bias, g.OutputNorm.Gamma, g.OutputNorm.Beta);
        _backend.LinearBackwardWeight(branch, a.Context, g.Output.Weight, default);
    }

    Matrix Attend(int layer, BertActivations.Layer a, Matrix d)
    {
        (LayerWeights w, LayerWeights g) = (_weights.Layers[layer], _gradients.Layers[layer]);
        int hidden = _activations.Config.HiddenSize;
        // The output product's gradient overwrites nothing that is still read: Attended's normalised rows have served.
        Matrix dcontext = a.AttentionOutput, dqkv = Piece(_wide, d.Rows, 3 * hidden);
        _backend.LinearBackwardInput(_branch, w.Output.Weight, accumulate: false, dcontext);
        _backend.AttentionBackward(dcontext, a.Qkv, a.Context, a.LogSumExp, _batch, _activations.Config.Heads, _mask.At(BertForward.AttentionSite(layer)), dqkv);
        _backend.LinearBackwardWeight(dqkv, _activations.Hidden[layer], g.Qkv.Weight, g.Qkv.Bias);
        _backend.LinearBackwardInput(dqkv, w.Qkv.Weight, accumulate: true, d);
        return d;
    }

    Matrix AttendFirstTokens(int layer, BertActivations.Layer a, Matrix d)
    {
        int hidden = _activations.Config.HiddenSize;
        LinearWeights w = _weights.Layers[layer].Qkv, g = _gradients.Layers[layer].Qkv;
        (LinearWeights wq, LinearWeights wkv) = (w.Slice(0, hidden), w.Slice(hidden, 2 * hidden));
        (LinearWeights gq, LinearWeights gkv) = (g.Slice(0, hidden), g.Slice(hidden, 2 * hidden));
        Matrix dcontext = _first, dkv = Piece(_wide, _batch.Tokens, 2 * hidden);
        _backend.LinearBackwardInput(_branch.Slice(0, d.Rows), _weights.Layers[layer].Output.Weight, accumulate: false, dcontext);
        _backend.ClsAttentionBackward(dcontext, a.Query, a.Qkv, a.Context, a.LogSumExp, _batch, _activations.Config.Heads,
            _mask.At(BertForward.AttentionSite(layer)), _dquery, dkv);
        _backend.LinearBackwardWeight(_dquery, a.ClsInput, gq.Weight, gq.Bias);
        _backend.LinearBackwardInput(_dquery, wq.Weight, accumulate: true, d);
        _backend.LinearBackwardWeight(dkv, _activations.Hidden[layer], gkv.Weight, gkv.Bias);
        _backend.LinearBackwardInput(dkv, wkv.Weight, accumulate: false, _hidden);
        _backend.ClsPoolingBackward(d, _batch, _hidden);
        return _hidden;
    }

    void Embed(Matrix d)
    {
        if (_mask.IsActive) _backend.DropoutBackward(d, _batch.Offsets, _mask.At(0), d);
        _backend.LayerNormBackward(d, _activations.EmbeddingSum, _activations.EmbeddingRstd, _batch.Offsets, default, _weights.Norm.Gamma,
            d, default, default, _gradients.Norm.Gamma, _gradients.Norm.Beta);
        _backend.EmbeddingBackward(d, _batch, _gradients.Words, _gradients.Positions, _gradients.Types);
    }

    static Matrix Piece(Matrix buffer, int rows, int columns) => buffer with { Rows = rows, Columns = columns };
}

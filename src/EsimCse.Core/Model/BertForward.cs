using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>The forward pass of BERT: Devlin, Chang, Lee and Toutanova, arXiv 1810.04805. Read bottom-up, <see cref="BertBackward"/> is its inverse.</summary>
sealed class BertForward(IBackend backend, BertWeights weights, BertActivations activations, DropoutMask mask)
{
    readonly PackedBatch _batch = activations.Batch;
    readonly float _epsilon = activations.Config.LayerNormEpsilon;

    /// <summary>The dropouts of the model: one after the embeddings, three a layer.</summary>
    public static int AttentionSite(int layer) => 1 + 3 * layer;

    /// <summary>[S,H]: the pooled vectors, before any head.</summary>
    public Matrix Run()
    {
        Embed();
        for (int layer = 0; layer < weights.Layers.Count; layer++)
        {
            BertActivations.Layer a = activations.LayerActivations[layer];
            Matrix residual = a.ClsOnly ? AttendFirstTokens(layer, a) : Attend(layer, a);
            FeedForward(layer, a, residual);
        }
        activations.Pooler.Forward(backend, activations);
        return activations.Pooled;
    }

    void Embed()
    {
        Matrix sum = activations.EmbeddingSum, output = activations.Hidden[0];
        backend.EmbeddingForward(_batch, weights.Words, weights.Positions, weights.Types, sum);
        backend.LayerNormForward(sum, default, default, _batch.Offsets, default, weights.Norm.Gamma, weights.Norm.Beta, _epsilon,
            Kept(sum), activations.EmbeddingRstd, output);
        if (mask.IsActive) backend.DropoutForward(output, _batch.Offsets, mask.At(0), output);
    }

    Matrix Attend(int layer, BertActivations.Layer a)
    {
        Matrix input = activations.Hidden[layer];
        LinearWeights qkv = weights.Layers[layer].Qkv;
        backend.LinearForward(input, qkv.Weight, qkv.Bias, a.Qkv);
        backend.AttentionForward(a.Qkv, _batch, activations.Config.Heads, mask.At(AttentionSite(layer)), a.Context, a.LogSumExp);
        return input;
    }

    Matrix AttendFirstTokens(int layer, BertActivations.Layer a)
    {
        (Matrix input, int hidden) = (activations.Hidden[layer], activations.Config.HiddenSize);
        LinearWeights qkv = weights.Layers[layer].Qkv, query = qkv.Slice(0, hidden), keyValue = qkv.Slice(hidden, 2 * hidden);
        backend.ClsPoolingForward(input, _batch, a.ClsInput);
        backend.LinearForward(a.ClsInput, query.Weight, query.Bias, a.Query);
        backend.LinearForward(input, keyValue.Weight, keyValue.Bias, a.Qkv);
        backend.ClsAttentionForward(a.Query, a.Qkv, _batch, activations.Config.Heads, mask.At(AttentionSite(layer)), a.Context, a.LogSumExp);
        return a.ClsInput;
    }

    void FeedForward(int layer, BertActivations.Layer a, Matrix residual)
    {
        LayerWeights w = weights.Layers[layer];
        Matrix offsets = a.ClsOnly ? default : _batch.Offsets, activated = activations.SavedForBackward ? a.Gelu : a.FeedForwardUp;
        backend.LinearForward(a.Context, w.Output.Weight, default, a.AttentionOutput);
        backend.LayerNormForward(a.AttentionOutput, w.Output.Bias, residual, offsets, mask.At(AttentionSite(layer) + 1), w.OutputNorm.Gamma, w.OutputNorm.Beta,
            _epsilon, Kept(a.AttentionOutput), a.AttentionRstd, a.AttentionNorm);
        backend.LinearForward(a.AttentionNorm, w.Up.Weight, w.Up.Bias, a.FeedForwardUp);
        backend.GeluForward(a.FeedForwardUp, activated);
        backend.LinearForward(activated, w.Down.Weight, default, a.FeedForwardDown);
        backend.LayerNormForward(a.FeedForwardDown, w.Down.Bias, a.AttentionNorm, offsets, mask.At(AttentionSite(layer) + 2), w.Norm.Gamma, w.Norm.Beta,
            _epsilon, Kept(a.FeedForwardDown), a.FeedForwardRstd, activations.Hidden[layer + 1]);
    }

    /// <summary>Where the normalised rows go: over their input if a backward will read them, nowhere otherwise.</summary>
    Matrix Kept(Matrix input) => activations.SavedForBackward ? input : default;
}

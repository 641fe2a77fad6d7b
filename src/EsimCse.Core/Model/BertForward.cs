using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>
/// The forward pass of BERT: Devlin, Chang, Lee and Toutanova, arXiv 1810.04805. <see cref="BertBackward"/> is the
/// same code read from the end.
/// </summary>
/// <param name="backend">The device.</param>
/// <param name="weights">The weights.</param>
/// <param name="activations">The buffers of the batch.</param>
/// <param name="mask">The dropout; absent for none.</param>
/// <param name="batchInvariant">Whether the bits of a row must not depend on the others of the batch.</param>
sealed class BertForward(
    IBackend backend,
    BertWeights weights,
    BertActivations activations,
    DropoutMask mask,
    bool batchInvariant)
{
    readonly PackedBatch _batch = activations.Batch;
    readonly BertConfig _config = activations.Config;
    readonly float _epsilon = activations.Config.LayerNormEpsilon;

    /// <summary>
    /// Returns the dropout site of a layer's attention weights; the next two are those of its two projections. Site 0
    /// is the embeddings'.
    /// </summary>
    public static int AttentionSite(int layer) => 1 + 3 * layer;

    /// <summary>Computes and returns the pooled vectors, before any head.</summary>
    public Matrix Run()
    {
        Embed();
        for (int layer = 0; layer < weights.Layers.Count; layer++)
        {
            LayerActivations a = activations.Layers[layer];
            Matrix residual = a.ClsOnly ? AttendFromCls(layer, a) : Attend(layer, a);
            FeedForward(layer, a, residual);
        }
        activations.Pooler.Forward(backend, activations);
        return activations.Pooled;
    }

    void Embed()
    {
        Matrix sum = activations.EmbeddingSum;
        Matrix output = activations.Hidden[0];
        NormWeights norm = weights.Norm;
        backend.EmbeddingForward(_batch, weights.Words, weights.Positions, weights.Types, sum);
        backend.LayerNormForward(
            sum, default, default, _batch.Offsets, default,
            norm.Gamma, norm.Beta, _epsilon,
            Saved(sum), activations.EmbeddingRstd, output);
        if (mask.IsActive) backend.DropoutForward(output, _batch.Offsets, mask.At(0), output);
    }

    Matrix Attend(int layer, LayerActivations a)
    {
        Matrix input = activations.Hidden[layer];
        LinearWeights qkv = weights.Layers[layer].Qkv;
        DropoutMask dropout = mask.At(AttentionSite(layer));
        Project(input, qkv.Weight, qkv.Bias, a.Qkv);
        backend.AttentionForward(a.Qkv, _batch, _config.Heads, dropout, a.Context, a.LogSumExp);
        return input;
    }

    Matrix AttendFromCls(int layer, LayerActivations a)
    {
        Matrix input = activations.Hidden[layer];
        int hidden = _config.HiddenSize;
        LinearWeights qkv = weights.Layers[layer].Qkv;
        LinearWeights query = qkv.Slice(0, hidden);
        LinearWeights keyValue = qkv.Slice(hidden, 2 * hidden);
        DropoutMask dropout = mask.At(AttentionSite(layer));
        backend.ClsPoolingForward(input, _batch, a.ClsInput);
        Project(a.ClsInput, query.Weight, query.Bias, a.Query);
        Project(input, keyValue.Weight, keyValue.Bias, a.Qkv);
        backend.ClsAttentionForward(a.Query, a.Qkv, _batch, _config.Heads, dropout, a.Context, a.LogSumExp);
        return a.ClsInput;
    }

    void FeedForward(int layer, LayerActivations a, Matrix residual)
    {
        LayerWeights w = weights.Layers[layer];
        int site = AttentionSite(layer);
        Matrix offsets = a.ClsOnly ? default : _batch.Offsets;
        Matrix activation = activations.SavedForBackward ? a.FeedForwardActivation : a.FeedForwardUp;

        Project(a.Context, w.Output.Weight, default, a.AttentionOutput);
        backend.LayerNormForward(
            a.AttentionOutput, w.Output.Bias, residual, offsets, mask.At(site + 1),
            w.OutputNorm.Gamma, w.OutputNorm.Beta, _epsilon,
            Saved(a.AttentionOutput), a.AttentionRstd, a.AttentionNorm);

        Project(a.AttentionNorm, w.Up.Weight, w.Up.Bias, a.FeedForwardUp);
        backend.ActivationForward(a.FeedForwardUp, _config.HiddenActivation, activation);
        Project(activation, w.Down.Weight, default, a.FeedForwardDown);
        backend.LayerNormForward(
            a.FeedForwardDown, w.Down.Bias, a.AttentionNorm, offsets, mask.At(site + 2),
            w.Norm.Gamma, w.Norm.Beta, _epsilon,
            Saved(a.FeedForwardDown), a.FeedForwardRstd, activations.Hidden[layer + 1]);
    }

    void Project(Matrix x, Matrix w, Matrix bias, Matrix y) =>
        backend.LinearForward(x, w, bias, batchInvariant, y);

    /// <summary>
    /// Returns the buffer for the normalised rows that the backward pass reads: their input's; absent without one.
    /// </summary>
    Matrix Saved(Matrix input) => activations.SavedForBackward ? input : default;
}

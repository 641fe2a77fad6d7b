using EsimCse.Core.Backend;
using EsimCse.Core.Model;

namespace EsimCse.Core.Training.Losses;

/// <summary>
/// The masked-language loss: from the token vectors of an encoder through dense, activation and layer normalisation to
/// logits over the vocabulary, and the mean cross-entropy of the chosen tokens. The decoder's weights are the word
/// embeddings, to whose gradient it adds.
/// </summary>
sealed class MaskedLanguageLoss
{
    /// <summary>Logits held at a time, 128 MiB; more rows are computed in parts.</summary>
    const int MaxStoredLogits = 1 << 25;

    readonly IBackend _backend;
    readonly BertConfig _config;
    readonly BertWeights _weights, _gradients;
    readonly float _weight;

    // [N,H]: the chosen tokens' vectors, then their gradients; the dense layer's output; the activation, normalised in
    // place; the decoder's input; its gradient.
    readonly Matrix _vectors, _dense, _normalized, _output, _doutput;

    // [1,N]; then of a part of the rows: [·,V], [·,V] and [1,·].
    readonly Matrix _rstd, _logits, _dlogits, _losses;

    /// <summary>Allocates the buffers of one step.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="arena">The memory of the buffers.</param>
    /// <param name="config">The sizes of the model.</param>
    /// <param name="weights">The model, with its masked-language head.</param>
    /// <param name="gradients">The gradients, of the same layout.</param>
    /// <param name="rows">N, the number of chosen tokens or more.</param>
    /// <param name="weight">The factor of the loss.</param>
    public MaskedLanguageLoss(
        IBackend backend,
        Arena arena,
        BertConfig config,
        BertWeights weights,
        BertWeights gradients,
        int rows,
        float weight)
    {
        _backend = backend;
        _config = config;
        _weights = weights;
        _gradients = gradients;
        _weight = weight;
        _vectors = Rows();
        _dense = Rows();
        _normalized = Rows();
        _output = Rows();
        _doutput = Rows();
        _rstd = arena.Allocate(1, rows);
        int part = Math.Min(rows, RowsPerPart(config.VocabularySize, backend.TokenPadding));
        _logits = arena.Allocate(part, config.VocabularySize);
        bool isExact = weights.Type == ElementType.Float32;
        _dlogits = isExact ? _logits : arena.Allocate(part, config.VocabularySize, weights.Type);
        _losses = arena.Allocate(1, part);

        Matrix Rows() => arena.Allocate(rows, config.HiddenSize, weights.Type);
    }

    /// <summary>
    /// Adds the loss to <see cref="StepState.MaskedLanguageLoss"/>, and times the weight to
    /// <see cref="StepState.Loss"/>; adds to the gradients of the parameters; computes dhidden.
    /// </summary>
    /// <param name="hidden">[T,H]: the encoder's token vectors.</param>
    /// <param name="tokens">The chosen tokens.</param>
    /// <param name="state">The step.</param>
    /// <param name="dhidden">[T,H]: the gradient of the weighted loss for hidden.</param>
    public void Compute(Matrix hidden, MaskedTokens tokens, StepState state, Matrix dhidden)
    {
        Forward(hidden, tokens);
        for (int first = 0; first < _output.Rows; first += _logits.Rows)
            Decode(first, Math.Min(_logits.Rows, _output.Rows - first), tokens, state);
        Backward(tokens, dhidden);
    }

    static int RowsPerPart(int vocabulary, int padding) =>
        Math.Max(padding, MaxStoredLogits / vocabulary / padding * padding);

    void Forward(Matrix hidden, MaskedTokens tokens)
    {
        MaskedLanguageHeadWeights w = _weights.MaskedLanguageHead;
        _backend.GatherForward(hidden, tokens.Rows, _vectors);
        _backend.LinearForward(_vectors, w.Dense.Weight, w.Dense.Bias, batchInvariant: false, _dense);
        _backend.ActivationForward(_dense, _config.HiddenActivation, _normalized);
        _backend.LayerNormForward(
            _normalized, default, default, default, default,
            w.Norm.Gamma, w.Norm.Beta, _config.LayerNormEpsilon,
            _normalized, _rstd, _output);
    }

    /// <summary>Computes loss and gradients of some of the rows, from the decoder's input and back to it.</summary>
    void Decode(int first, int count, MaskedTokens tokens, StepState state)
    {
        Matrix output = _output.Slice(first, count);
        Matrix logits = _logits.Slice(0, count);
        Matrix dlogits = _dlogits.Slice(0, count);
        Matrix labels = tokens.Labels.Reshape(tokens.Labels.Columns, 1).Slice(first, count).Reshape(1, count);
        Matrix bias = _weights.MaskedLanguageHead.Bias;
        Matrix dbias = _gradients.MaskedLanguageHead.Bias;
        _backend.LinearForward(output, _weights.Words, bias, batchInvariant: false, logits);
        _backend.CrossEntropyLoss(logits, labels, tokens.Count, _weight, state, _losses, dlogits, dbias);
        _backend.LinearBackwardWeight(dlogits, output, accumulate: true, _gradients.Words, default);
        _backend.LinearBackwardInput(dlogits, _weights.Words, accumulate: false, _doutput.Slice(first, count));
    }

    void Backward(MaskedTokens tokens, Matrix dhidden)
    {
        MaskedLanguageHeadWeights w = _weights.MaskedLanguageHead;
        MaskedLanguageHeadWeights g = _gradients.MaskedLanguageHead;
        _backend.LayerNormBackward(
            _doutput, _normalized, _rstd, default, default, w.Norm.Gamma,
            _doutput, default, default, g.Norm.Gamma, g.Norm.Beta);
        _backend.ActivationBackward(_doutput, _dense, _config.HiddenActivation, _doutput, g.Dense.Bias);
        _backend.LinearBackwardWeight(_doutput, _vectors, accumulate: true, g.Dense.Weight, default);
        // The vectors are no longer read, so their buffer is free.
        Matrix dvectors = _vectors;
        _backend.LinearBackwardInput(_doutput, w.Dense.Weight, accumulate: false, dvectors);
        _backend.GatherBackward(dvectors, tokens.Slots, dhidden);
    }
}

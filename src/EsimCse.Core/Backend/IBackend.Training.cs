namespace EsimCse.Core.Backend;

// The losses, and what a step does around the encoder's passes.
public partial interface IBackend
{
    /// <summary>
    /// Computes l[i,j] = cos(h[i], candidate j) / τ, plus the weight where candidate j is the hard negative of i, cos
    /// with each norm clamped below at 1e-8; loss = mean over i of log Σ_j e^l[i,j] − l[i,i], dh = its gradient; writes
    /// the loss to <see cref="StepState.Loss"/>, and 0 to <see cref="StepState.MaskedLanguageLoss"/>.
    /// </summary>
    /// <remarks>
    /// h has V = 2 or 3 times B = pairs rows: anchors, their positives, and their hard negatives if there are any. The
    /// candidates are the rows of h after the anchors, then the filled rows of the queue.
    /// texts Int32 [1,VB], optional: equal numbers for rows of equal text. A candidate j ≠ i is left out of the sum of
    /// i where it is the text of i or of its positive, or the positive of another row with the text of i.
    /// The loss of a row is computed as log1p(Σ over all but the largest of e^(l − max)) − (l[i,i] − max).
    /// No gradient flows through a clamped norm or into the queue.
    /// h, dh [VB,E]; queue [Q,E], optional; logits [B,(V−1)B+Q] receives l, without the columns of the queue's empty
    /// rows, which are neither read nor written; weights [B,(V−1)B+Q] and norms [1,VB+Q] are scratch.
    /// Without logits and weights, for sizes that are too large to store, cosines are recomputed where needed.
    /// </remarks>
    void ContrastiveLoss(
        Matrix h, Matrix queue, Matrix texts, int pairs, float hardNegativeWeight, float temperature, StepState state,
        Matrix logits, Matrix weights, Matrix norms, Matrix dh);

    /// <summary>Computes y[i] = x[rows[i]], 0 where rows[i] is −1. x [T,H], rows Int32 [1,N], y [N,H].</summary>
    void GatherForward(Matrix x, Matrix rows, Matrix y);

    /// <summary>
    /// Computes dx[t] = dy[slots[t]], 0 where slots[t] is −1: slots, Int32 [1,T], is the inverse of rows, which are
    /// distinct.
    /// </summary>
    void GatherBackward(Matrix dy, Matrix slots, Matrix dx);

    /// <summary>
    /// Computes loss = Σ over rows of log Σᵥ e^logits[i,v] − logits[i,label[i]], divided by count; adds it to
    /// <see cref="StepState.MaskedLanguageLoss"/>, and weight · loss to <see cref="StepState.Loss"/>;
    /// dlogits = the gradient of weight · loss; dbias += Σ dlogits over rows, rounded to their type or not.
    /// </summary>
    /// <remarks>
    /// logits [N,V], dlogits [N,V] of any type, may be logits; dbias [1,V]; losses [1,N] is scratch. labels Int32
    /// [1,N]: a row of label −1 has no loss and no gradient. count Int32 [1,1]; if it is 0 the loss is 0.
    /// </remarks>
    void CrossEntropyLoss(
        Matrix logits, Matrix labels, Matrix count, float weight, StepState state,
        Matrix losses, Matrix dlogits, Matrix dbias);

    /// <summary>
    /// Pushes rows into the queue, a ring of Q rows: writes from <see cref="StepState.QueueHead"/> on, advances it, and
    /// raises <see cref="StepState.QueueCount"/> up to Q.
    /// </summary>
    /// <remarks>
    /// Of more than Q rows the last Q are pushed. Does nothing once a step was not finite. rows [B,E], queue [Q,E].
    /// </remarks>
    void QueuePush(Matrix rows, Matrix queue, StepState state);

    /// <summary>
    /// Computes step += 1; learning rate = learningRate · factor, with c = step − 1, W = warmup, S = steps,
    /// p = (c − W) / (S − W): factor = c / W for c &lt; W, then 1 − p, 1 or (1 + cos πp) / 2 by the schedule; 0 from
    /// p = 1 on but where it is constant.
    /// </summary>
    void Schedule(LearningRateSchedule schedule, float learningRate, int warmup, int steps, StepState state);

    /// <summary>
    /// Writes zeros into the tensors of an arena, chunk by chunk, without those of
    /// <see cref="ParameterChunk.Overwritten"/>; gaps between tensors are not changed. chunks as in
    /// <see cref="AdamWUpdate"/>. Of a table with <paramref name="touched"/> rows it zeroes only those, and then their
    /// flags.
    /// </summary>
    void ClearGradients(Matrix chunks, TouchedRows touched, Matrix gradients);

    /// <summary>
    /// Completes the gradients of parameters. Those that are sums over rows (of biases, norms and token types) may be
    /// kept in parts by backward operations, so that they may be read, or cleared, only after this. It belongs to the
    /// same graph as the operations.
    /// </summary>
    void FinishGradients();

    /// <summary>
    /// Computes norm = √Σ g² over all chunks, chunk by chunk in order; clip scale = min(1, maximum / (norm + 1e-6)).
    /// </summary>
    /// <remarks>
    /// If the loss or the norm is the first that is not finite, writes the step to
    /// <see cref="StepState.NotFiniteStep"/>. partials [1, chunks.Rows] is scratch. Rows of a table that are not
    /// <paramref name="touched"/> are zeros and need not be read.
    /// </remarks>
    void GradientNorm(
        Matrix gradients, Matrix chunks, TouchedRows touched, float maximum, Matrix partials, StepState state);

    /// <summary>
    /// Computes for each element, with g = clip scale · gradient, η = learning rate, t = step, μ = emaDecay,
    /// β₁ = 0.9, β₂ = 0.999, ε = 1e-8:
    /// ema = μ ema + (1 − μ) θ, where the chunk has an EMA; θ = θ (1 − η decay), where the chunk decays;
    /// m = β₁ m + (1 − β₁) g; v = β₂ v + (1 − β₂) g²; θ = θ − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε).
    /// </summary>
    /// <remarks>
    /// Does nothing once a step was not finite.
    /// parameters (θ), gradients, m, v, ema: arenas [1,N] of one layout; ema is optional.
    /// bf16Weights, bf16Ema: low-precision copies of θ and ema, optional; they hold those of the values before.
    /// chunks Int32 [·,3]: first element, number of elements (at most <see cref="ParameterChunk.MaximumLength"/>),
    /// flags of <see cref="ParameterChunk"/>.
    /// Gradients of rows that are not <paramref name="touched"/> are zeros and need not be read.
    /// Loshchilov and Hutter, arXiv 1711.05101; ema is the momentum encoder of ESimCSE, arXiv 2109.04380.
    /// </remarks>
    void AdamWUpdate(
        Matrix gradients, Matrix chunks, TouchedRows touched, float decay, float emaDecay, StepState state,
        Matrix parameters, Matrix m, Matrix v, Matrix ema, Matrix bf16Weights, Matrix bf16Ema);
}

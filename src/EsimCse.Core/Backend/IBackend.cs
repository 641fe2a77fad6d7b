
namespace EsimCse.Core.Backend;

/// <summary>
/// Everything a device must be able to do to train BERT with ESimCSE: own memory, and run the operations below.
/// </summary>
/// <remarks>
/// <para>
/// One legend of letters: S sentences in a packed batch, T tokens in it, H hidden size, A heads, D = H / A head size,
/// F feed-forward size, V vocabulary, B originals of a step (S = 2B: all first views, then all second views), Q queue size,
/// E size of an embedding. Gradients are d + name. M, N, K are any sizes.
/// </para>
/// <para>
/// Operations come in forward/backward pairs. Arguments are ordered: inputs, scalars, outputs. A gradient of an activation is
/// written (=), a gradient of a parameter is added (+=); an exception says so. A matrix that is not
/// <see cref="Matrix.IsPresent"/> is an argument left out; only those said to be optional may be. Buffers are the caller's.
/// Nothing returns a host value and nothing takes a number that changes from step to step: such numbers live in
/// <see cref="StepState"/>, in device memory. Every sum has a fixed order, whatever the number of threads: same input, same
/// bits; and a row's result depends on that row's sentence alone.
/// </para>
/// </remarks>
public interface IBackend : IDisposable
{
    /// <summary>What computes, for messages.</summary>
    string Name { get; }

    /// <summary>What the bits of a result depend on beside its input and the device: a hash of the algorithms that were tuned; empty for none.</summary>
    string MatmulTuningHash { get; }

    /// <summary>Tokens of a batch that keep the device busy: more gain nothing and take memory.</summary>
    int PreferredBatchTokens { get; }

    /// <summary>
    /// Batches have a multiple of so many rows: those from the last offset on belong to no sentence. What they hold is finite, their gradients are zero, and no result
    /// depends on them, so that work recorded for a number of rows serves every batch of fewer.
    /// </summary>
    int TokenPadding { get; }

    /// <summary>
    /// Runs device work, or what was recorded of it when the same key came before: operations and <see cref="Copy"/> alone, on buffers that stay where they are,
    /// with numbers that stay the same.
    /// </summary>
    void RunGraph(GraphKey key, Action work);

    /// <summary>Runs work after all that came before, beside what comes after, until <see cref="WaitForSideStream"/>: neither may write what the other reads or writes.</summary>
    void RunOnSideStream(Action work);

    /// <summary>What comes after waits for what was asked for with <see cref="RunOnSideStream"/>.</summary>
    void WaitForSideStream();

    /// <summary>Memory of the device, 64-byte aligned, content undefined. 0 bytes give 0.</summary>
    nint Allocate(long bytes);

    /// <summary>Gives memory back; 0 is allowed.</summary>
    void Free(nint address);

    /// <summary>target = source, from the host. As many elements as the target has.</summary>
    void Upload<T>(ReadOnlySpan<T> source, Matrix target) where T : unmanaged;

    /// <summary>target = source, to the host, after everything queued before it has run.</summary>
    void Download<T>(Matrix source, Span<T> target) where T : unmanaged;

    /// <summary>What brings so many bytes to the host while the device goes on.</summary>
    IHostCopy CreateHostCopy(int bytes);

    /// <summary>target = source, on the device.</summary>
    void Copy(Matrix source, Matrix target);

    /// <summary>
    /// Whether activations, and the weights that products and the embedding read, can be stored as such elements. Sums, norms' parameters, logits, the loss,
    /// gradients of parameters and what the optimizer holds are fp32 everywhere.
    /// </summary>
    bool SupportsDataType(ElementType type);

    /// <summary>target = source in the target's element type, rounded to nearest even. Float32 to any, any to Float32; as many elements.</summary>
    void Cast(Matrix source, Matrix target);

    /// <summary>
    /// The batch of a step, packed: for s &lt; B sentence order[((step − 1) mod ⌈C / batchSize⌉) batchSize + s] of the corpus, then the second view of each, as
    /// <see cref="AugmentationSpec"/> says. Written are ids, positions and offsets of the batch (S = 2B); what belongs to no sentence gets 0. The batch has room for exactly these
    /// views: the host draws their lengths too.
    /// </summary>
    void PackViews(CorpusMemory corpus, int batchSize, AugmentationSpec draws, StepState state, PackedBatch batch);

    /// <summary>sum[t] = words[ids[t]] + positions[positionOf[t]] + types[0]. words [V,H], positions [P,H], types [·,H], sum [T,H].</summary>
    void EmbeddingForward(PackedBatch batch, Matrix words, Matrix positions, Matrix types, Matrix sum);

    /// <summary>dwords[ids[t]] += dsum[t], dpositions[positionOf[t]] += dsum[t], dtypes[0] += Σ dsum[t], each in the order of t.</summary>
    void EmbeddingBackward(Matrix dsum, PackedBatch batch, Matrix dwords, Matrix dpositions, Matrix dtypes);

    /// <summary>y = x ∘ mask. x, y [M,N]; y may be x. See <see cref="DropoutMask"/>; offsets as in <see cref="LayerNormForward"/>.</summary>
    void DropoutForward(Matrix x, Matrix offsets, DropoutMask mask, Matrix y);

    /// <summary>dx = dy ∘ mask, the mask drawn again. dx may be dy.</summary>
    void DropoutBackward(Matrix dy, Matrix offsets, DropoutMask mask, Matrix dx);

    /// <summary>
    /// z = (x + bias) ∘ mask + residual; normalized = (z − mean z) rstd; y = γ normalized + β; rstd = 1 / √(var z + ε), var over N.
    /// x, residual, normalized, y [M,N]; bias, γ, β [1,N]; rstd [1,M]. bias, residual, normalized and rstd are optional;
    /// normalized may be x, y may be x where normalized is absent or another buffer.
    /// offsets: the batch's for a row a token; absent for a row a sentence, the row of its place 0.
    /// </summary>
    void LayerNormForward(Matrix x, Matrix bias, Matrix residual, Matrix offsets, DropoutMask mask, Matrix gamma, Matrix beta,
        float epsilon, Matrix normalized, Matrix rstd, Matrix y);

    /// <summary>
    /// g = γ dy; dz = rstd (g − mean g − normalized mean(g normalized)); dx = dz ∘ mask; dbias += Σ dx; dγ += Σ dy normalized; dβ += Σ dy,
    /// sums over rows. dz is the residual's gradient and may be dy. dbias is optional; so is dx, where nothing is dropped or there is no dbias; dx may be dz only
    /// where the mask drops nothing.
    /// </summary>
    void LayerNormBackward(Matrix dy, Matrix normalized, Matrix rstd, Matrix offsets, DropoutMask mask, Matrix gamma,
        Matrix dz, Matrix dx, Matrix dbias, Matrix dgamma, Matrix dbeta);

    /// <summary>y = x wᵀ + bias. x [M,K], w [N,K], bias [1,N] optional, y [M,N].</summary>
    void LinearForward(Matrix x, Matrix w, Matrix bias, Matrix y);

    /// <summary>dx = dy w, or dx += dy w. dy [M,N], w [N,K], dx [M,K].</summary>
    void LinearBackwardInput(Matrix dy, Matrix w, bool accumulate, Matrix dx);

    /// <summary>dw += dyᵀ x; dbias += Σ dy over rows. dy [M,N], x [M,K], dw [N,K], dbias [1,N] optional.</summary>
    void LinearBackwardWeight(Matrix dy, Matrix x, Matrix dw, Matrix dbias);

    /// <summary>
    /// For each sentence and head: P = softmax(Q Kᵀ / √D), context = (P ∘ mask) V. qkv [T,3H] holds Q, K, V side by side, head a
    /// in columns aD … aD+D−1 of each; context [T,H]; logSumExp [A,T] (of the scaled scores of each query) is optional.
    /// The mask's array of a sentence of n tokens is [A,n,n].
    /// </summary>
    void AttentionForward(Matrix qkv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp);

    /// <summary>
    /// P again from qkv and logSumExp; dV = (P ∘ mask)ᵀ dcontext; dP = (dcontext Vᵀ) ∘ mask; dS = P (dP − Σ dcontext context) / √D;
    /// dQ = dS K; dK = dSᵀ Q. dqkv [T,3H].
    /// </summary>
    void AttentionBackward(Matrix dcontext, Matrix qkv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads,
        DropoutMask mask, Matrix dqkv);

    /// <summary>
    /// <see cref="AttentionForward"/> for the query of each sentence's first token alone. q [S,H], kv [T,2H], context [S,H],
    /// logSumExp [A,S] optional. Same mask: the elements of query 0.
    /// </summary>
    void ClsAttentionForward(Matrix q, Matrix kv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp);

    /// <summary>The backward of <see cref="ClsAttentionForward"/>: dq [S,H], dkv [T,2H].</summary>
    void ClsAttentionBackward(Matrix dcontext, Matrix q, Matrix kv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads,
        DropoutMask mask, Matrix dq, Matrix dkv);

    /// <summary>y = x Φ(x), exact: Φ(x) = ½ (1 + erf(x / √2)). x, y the same shape; y may be x.</summary>
    void GeluForward(Matrix x, Matrix y);

    /// <summary>dx = dy (Φ(x) + x φ(x)), φ(x) = exp(−x² / 2) / √(2π). dx may be dy.</summary>
    void GeluBackward(Matrix dy, Matrix x, Matrix dx);

    /// <summary>y = tanh x. y may be x.</summary>
    void TanhForward(Matrix x, Matrix y);

    /// <summary>dx = dy (1 − y²). dx may be dy.</summary>
    void TanhBackward(Matrix dy, Matrix y, Matrix dx);

    /// <summary>y[s] = x[offsets[s]]. x [T,H], y [S,H].</summary>
    void ClsPoolingForward(Matrix x, PackedBatch batch, Matrix y);

    /// <summary>dx[offsets[s]] += dy[s]; the other rows of dx stay as they are.</summary>
    void ClsPoolingBackward(Matrix dy, PackedBatch batch, Matrix dx);

    /// <summary>y[s] = scale · mean of x over the tokens of s, or y[s] += that. x [T,H], y [S,H] in fp32.</summary>
    void MeanPoolingForward(Matrix x, PackedBatch batch, float scale, bool accumulate, Matrix y);

    /// <summary>dx[t] = scale · dy[s] / length of s for t in s, or dx[t] += that. dy in fp32.</summary>
    void MeanPoolingBackward(Matrix dy, PackedBatch batch, float scale, bool accumulate, Matrix dx);

    /// <summary>
    /// l[i,j] = cos(h[i], h[B+j]) / τ for j &lt; B, l[i,B+q] = cos(h[i], queue[q]) / τ for the rows q that the queue holds; cos with each norm clamped
    /// below at 1e-8. loss = mean over i of log Σ_j e^l[i,j] − l[i,i], computed as log1p(Σ over all but the largest of
    /// e^(l − max)) − (l[i,i] − max), into <see cref="StepState.Loss"/>. dh = the gradient of the loss for both views; no gradient flows
    /// through a clamped norm nor into the queue. h, dh [2B,E]; queue [Q,E], optional; logits [B,B+Q], left with l
    /// (columns of rows that the queue does not hold are neither read nor written); norms [1,2B+Q] is scratch, as is weights [B,B+Q]. Without logits and weights, for
    /// what is too large to hold them, cosines are computed again where they are needed.
    /// </summary>
    void ContrastiveLoss(Matrix h, Matrix queue, float temperature, StepState state, Matrix logits, Matrix weights, Matrix norms, Matrix dh);

    /// <summary>
    /// The rows join the queue, a ring of Q rows: written from <see cref="StepState.QueueHead"/> on, head and
    /// <see cref="StepState.QueueCount"/> (at most Q) move. Of more than Q rows the last Q join. Nothing happens once a step was not finite.
    /// rows [B,E], queue [Q,E].
    /// </summary>
    void QueuePush(Matrix rows, Matrix queue, StepState state);

    /// <summary>step += 1; learning rate = learningRate · (1 − (step − 1) / steps), never below 0.</summary>
    void Schedule(float learningRate, int steps, StepState state);

    /// <summary>Writes zeros into the tensors of an arena, chunk by chunk; what lies between the tensors stays. See <see cref="AdamWUpdate"/>.</summary>
    void ClearGradients(Matrix chunks, Matrix gradients);

    /// <summary>
    /// norm = √Σ g² over all chunks, chunk by chunk in order; clip scale = min(1, maximum / (norm + 1e-6)). Where the loss or the norm is
    /// not finite and no step was marked before, this step is marked in <see cref="StepState.NotFiniteStep"/>. partials [1, chunks.Rows] is scratch.
    /// </summary>
    void GradientNorm(Matrix gradients, Matrix chunks, float maximum, Matrix partials, StepState state);

    /// <summary>
    /// For each element, with g = clip scale · gradient, η = learning rate, t = step, β₁ = 0.9, β₂ = 0.999, ε = 1e-8:
    /// average = μ average + (1 − μ) θ, where the chunk is averaged; θ = θ (1 − η decay), where the chunk decays;
    /// m = β₁ m + (1 − β₁) g; v = β₂ v + (1 − β₂) g²; θ = θ − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε).
    /// Does nothing once a step was marked as not finite. parameters, gradients, first (m), second (v), average: arenas [1,N] in one layout; average is
    /// optional. shadow, averageShadow: copies of θ and of the average in bf16, optional. chunks Int32 [C,3]: first element, number of elements
    /// (at most <see cref="ParameterChunk.MaximumLength"/>), flags of <see cref="ParameterChunk"/>.
    /// Loshchilov and Hutter, arXiv 1711.05101; the average is the momentum encoder of ESimCSE, arXiv 2109.04380.
    /// </summary>
    void AdamWUpdate(Matrix gradients, Matrix chunks, float decay, float emaDecay, StepState state,
        Matrix parameters, Matrix m, Matrix v, Matrix ema, Matrix bf16Weights, Matrix bf16Ema);
}

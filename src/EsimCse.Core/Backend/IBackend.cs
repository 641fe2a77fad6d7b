namespace EsimCse.Core.Backend;

/// <summary>The contract with a device: its memory, and the operations that train and run BERT with ESimCSE.</summary>
/// <remarks>
/// <para>
/// Letters: S sentences of a packed batch, T its tokens, H hidden size, A heads, D = H / A head size, F feed-forward
/// size, V vocabulary, P positions, B anchors of a step (S = 2B: all anchors, then all positives), Q queue size, C
/// sentences of the corpus, E size of an embedding. Gradients are d + name. M, N, K are any sizes. ∘ multiplies
/// element by element.
/// </para>
/// <para>
/// Operations come in forward/backward pairs. Arguments are ordered: inputs, scalars, outputs. The gradient of an
/// activation is written (=), the gradient of a parameter is added (+=), unless stated otherwise. A matrix that is
/// not <see cref="Matrix.IsPresent"/> is an absent argument; only those stated to be optional may be. Buffers are the
/// caller's.
/// </para>
/// <para>
/// No operation returns a host value, and none takes a number that changes from step to step: such numbers are in
/// <see cref="StepState"/>, in device memory. Every sum has a fixed order, whatever the number of threads: the same
/// input gives the same bits. A row's result depends on that row's sentence only, except for the last bits of the
/// linear operations of training, which may depend on the number of rows.
/// </para>
/// </remarks>
public partial interface IBackend : IDisposable
{
    /// <summary>The device's name, for messages.</summary>
    string Name { get; }

    /// <summary>A hash of the tuned matmul algorithms, on which the bits of results depend; empty for none.</summary>
    string MatmulTuningHash { get; }

    /// <summary>Whether work is queued and runs while the host goes on. False: it takes the host's cores.</summary>
    bool RunsAsynchronously { get; }

    /// <summary>
    /// Backends on the same memory that compute independent work side by side, each on one thread of the caller's;
    /// none where work is queued.
    /// </summary>
    IReadOnlyList<IBackend> ThreadBackends => [];

    /// <summary>Batch size in tokens beyond which throughput no longer rises.</summary>
    int PreferredBatchTokens { get; }

    /// <summary>
    /// The number of which a batch's rows are a multiple. Padding rows, those from the last offset on, belong to no
    /// sentence: their values are finite, their gradients are zero, and no result depends on them. One recorded graph
    /// thus serves all batches of that many rows or fewer.
    /// </summary>
    int TokenPadding { get; }

    /// <summary>
    /// Runs <paramref name="work"/> once, captures it as a graph on the second call with the same key, and launches
    /// that graph afterwards (<paramref name="work"/> is then not called). A device without graphs always runs it.
    /// The work may consist of operations and <see cref="Copy"/> only, with the same buffers and numbers for the same
    /// key.
    /// </summary>
    void RunGraph(GraphKey key, Action work);

    /// <summary>Does work of many operations, perhaps on another thread, and returns when it has ended.</summary>
    void Run(Action work) => work();

    /// <summary>
    /// Runs work on a second stream: after all work queued so far, concurrently with later work until
    /// <see cref="WaitForSideStream"/>. Neither may write a buffer that the other reads or writes.
    /// </summary>
    void RunOnSideStream(Action work);

    /// <summary>Makes later work wait for that of <see cref="RunOnSideStream"/>.</summary>
    void WaitForSideStream();

    /// <summary>Allocates device memory, 64-byte aligned, of undefined content. Returns 0 for 0 bytes.</summary>
    nint Allocate(long bytes);

    /// <summary>Frees memory; 0 is allowed.</summary>
    void Free(nint address);

    /// <summary>Copies from the host: target = source, with as many elements as the target has.</summary>
    void Upload<T>(ReadOnlySpan<T> source, Matrix target) where T : unmanaged;

    /// <summary>Waits for all queued work, then copies to the host: target = source.</summary>
    void Download<T>(Matrix source, Span<T> target) where T : unmanaged;

    /// <summary>
    /// Creates a buffer for asynchronous device-to-host copies of at most <paramref name="bytes"/> bytes.
    /// </summary>
    IHostCopy CreateHostCopy(int bytes);

    /// <summary>Creates a reader of device memory for another thread.</summary>
    IBackgroundReader CreateBackgroundReader();

    /// <summary>Copies on the device: target = source.</summary>
    void Copy(Matrix source, Matrix target);

    /// <summary>
    /// Whether activations, and the weights that matrix products and the embedding read, can have this element type.
    /// Sums, parameters of norms, logits, the loss, gradients of parameters and the optimizer's state are always
    /// fp32.
    /// </summary>
    bool SupportsDataType(ElementType type);

    /// <summary>
    /// Computes target = source in the target's element type, rounded to nearest even. One of the two is Float32;
    /// both have the same number of elements.
    /// </summary>
    void Cast(Matrix source, Matrix target);

    /// <summary>
    /// Packs the batch of a step, or a part of it from <see cref="StepState.FirstSentence"/> f on: for s &lt; B
    /// sentence order[((step − 1) mod ⌈C / batchSize⌉) batchSize + f + s] of the corpus, then the positive of each,
    /// augmented by <paramref name="draws"/>.
    /// </summary>
    /// <remarks>
    /// Writes the ids, positions and offsets of the batch (S = 2B); padding rows are 0. The batch has room for exactly
    /// these tokens, because the host draws their lengths too.
    /// </remarks>
    void PackViews(CorpusMemory corpus, int batchSize, AugmentationSpec draws, StepState state, PackedBatch batch);

    /// <summary>
    /// Masks the tokens of a batch of anchors and positives by <paramref name="masking"/>, counting sentences on from
    /// <see cref="StepState.FirstSentence"/>. <paramref name="masked"/> has room for all chosen tokens.
    /// </summary>
    void MaskTokens(PackedBatch batch, MaskingSpec masking, StepState state, MaskedTokens masked);

    /// <summary>
    /// Computes sum[t] = words[ids[t]] + positions[positionOf[t]] + types[0].
    /// words [V,H], positions [P,H], types [·,H], sum [T,H].
    /// </summary>
    void EmbeddingForward(PackedBatch batch, Matrix words, Matrix positions, Matrix types, Matrix sum);

    /// <summary>
    /// Computes dwords[ids[t]] += dsum[t], dpositions[positionOf[t]] += dsum[t], dtypes[0] += Σ dsum[t],
    /// each in the order of t. Writes 1 to touched[ids[t]]: Int32 [1,V], optional, <see cref="TouchedRows.Flags"/>.
    /// </summary>
    void EmbeddingBackward(
        Matrix dsum, PackedBatch batch, Matrix dwords, Matrix dpositions, Matrix dtypes, Matrix touched);

    /// <summary>
    /// Computes y = x ∘ mask. x, y [M,N]; y may be x. <paramref name="offsets"/> as in
    /// <see cref="LayerNormForward"/>.
    /// </summary>
    void DropoutForward(Matrix x, Matrix offsets, DropoutMask mask, Matrix y);

    /// <summary>Computes dx = dy ∘ mask with the same mask. dx may be dy.</summary>
    void DropoutBackward(Matrix dy, Matrix offsets, DropoutMask mask, Matrix dx);

    /// <summary>
    /// Computes z = (x + bias) ∘ mask + residual; rstd = 1 / √(var z + ε); normalized = (z − mean z) rstd;
    /// y = γ normalized + β; mean and var over N.
    /// </summary>
    /// <remarks>
    /// x, residual, normalized, y [M,N]; bias, γ, β [1,N]; rstd [1,M].
    /// bias, residual, normalized and rstd are optional.
    /// normalized may be x; y may be x where normalized is absent or another buffer.
    /// offsets: the batch's where a row is a token; absent where a row is a sentence's [CLS] token, position 0.
    /// </remarks>
    void LayerNormForward(
        Matrix x, Matrix bias, Matrix residual, Matrix offsets, DropoutMask mask,
        Matrix gamma, Matrix beta, float epsilon,
        Matrix normalized, Matrix rstd, Matrix y);

    /// <summary>
    /// Computes g = γ dy; dz = rstd (g − mean g − normalized mean(g normalized)); dx = dz ∘ mask;
    /// dbias += Σ dx; dγ += Σ dy normalized; dβ += Σ dy; sums over rows.
    /// </summary>
    /// <remarks>
    /// dz is the residual's gradient and may be dy. dbias is optional; dx is optional where nothing is dropped or dbias
    /// is absent; dx may be normalized, and dz only where nothing is dropped.
    /// </remarks>
    void LayerNormBackward(
        Matrix dy, Matrix normalized, Matrix rstd, Matrix offsets, DropoutMask mask, Matrix gamma,
        Matrix dz, Matrix dx, Matrix dbias, Matrix dgamma, Matrix dbeta);

    /// <summary>
    /// Computes y = x wᵀ + bias. x [M,K], w [N,K], bias [1,N] optional, y [M,N]. Where
    /// <see cref="SupportsFrozenType"/> has Int8, x and w may both be Int8: w in <see cref="BytePanels"/>, bias absent.
    /// </summary>
    void LinearForward(Matrix x, Matrix w, Matrix bias, Matrix y);

    /// <summary>
    /// Computes <see cref="LinearForward(Matrix, Matrix, Matrix, Matrix)"/>. Unless <paramref name="batchInvariant"/>,
    /// the last bits of a row may depend on M: a step of training has the same M whenever it is repeated.
    /// </summary>
    void LinearForward(Matrix x, Matrix w, Matrix bias, bool batchInvariant, Matrix y) => LinearForward(x, w, bias, y);

    /// <summary>
    /// Whether products of <see cref="FreezeWeights"/> can round their operands to this type; activations need not have
    /// it.
    /// </summary>
    bool SupportsFrozenType(ElementType type) => SupportsDataType(type);

    /// <summary>
    /// Keeps weights of <see cref="LinearForward(Matrix, Matrix, Matrix, Matrix)"/> in the form that its products read,
    /// where that saves time, until the result is disposed of. They must not change meanwhile. Null: they are read as
    /// they are. <paramref name="type"/>: the type to which both operands are rounded; for Int8 by max |x| / 127 of a
    /// row of x or w.
    /// </summary>
    IDisposable? FreezeWeights(IReadOnlyList<Matrix> weights, ElementType type = ElementType.Float32) => null;

    /// <summary>
    /// Computes dx = dy w, or dx += dy w if <paramref name="accumulate"/>. dy [M,N], w [N,K], dx [M,K].
    /// </summary>
    void LinearBackwardInput(Matrix dy, Matrix w, bool accumulate, Matrix dx);

    /// <summary>
    /// Computes, for each matrix of the stacks, dw = dyᵀ x, or dw += dyᵀ x if <paramref name="accumulate"/>;
    /// dbias += Σ dy over rows. dy [M,N], x [M,K], dw [N,K], dbias [1,N] optional.
    /// </summary>
    void LinearBackwardWeight(MatrixStack dy, MatrixStack x, bool accumulate, MatrixStack dw, MatrixStack dbias);

    /// <summary>
    /// Computes for each sentence and head p = softmax(Q Kᵀ / √D), context = (p ∘ mask) V.
    /// </summary>
    /// <remarks>
    /// qkv [T,3H] has Q, K, V in adjacent columns, head a in columns aD … aD+D−1 of each; context [T,H];
    /// logSumExp [A,T], of the scaled scores of each query, is optional.
    /// The mask's elements of a sentence of n tokens are [A,n,n].
    /// </remarks>
    void AttentionForward(Matrix qkv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp);

    /// <summary>
    /// Computes p again from qkv and logSumExp; dV = (p ∘ mask)ᵀ dcontext; dp = (dcontext Vᵀ) ∘ mask;
    /// ds = p (dp − Σ dcontext context) / √D; dQ = ds K; dK = dsᵀ Q. dqkv [T,3H]. dbias += Σ dqkv over rows,
    /// [1,3H], optional. context is that of <see cref="AttentionForward"/>: a device may compute
    /// Σ dcontext context as Σ p dp over the keys.
    /// </summary>
    void AttentionBackward(
        Matrix dcontext, Matrix qkv, Matrix context, Matrix logSumExp,
        PackedBatch batch, int heads, DropoutMask mask,
        Matrix dqkv, Matrix dbias);

    /// <summary>
    /// Computes <see cref="AttentionForward"/> for the query of each sentence's [CLS] token only. q [S,H], kv [T,2H],
    /// context [S,H], logSumExp [A,S] optional. The mask is the same: the elements of query 0.
    /// </summary>
    void ClsAttentionForward(
        Matrix q, Matrix kv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp);

    /// <summary>
    /// Computes the gradients of <see cref="ClsAttentionForward"/>: dq [S,H], dkv [T,2H]. dbias += Σ dq, then Σ dkv,
    /// over rows, [1,3H], optional.
    /// </summary>
    void ClsAttentionBackward(
        Matrix dcontext, Matrix q, Matrix kv, Matrix context, Matrix logSumExp,
        PackedBatch batch, int heads, DropoutMask mask,
        Matrix dq, Matrix dkv, Matrix dbias);

    /// <summary>Computes y = activation(x). x, y of the same shape; y may be x.</summary>
    void ActivationForward(Matrix x, Activation activation, Matrix y);

    /// <summary>
    /// Computes dx = dy activation′(x) from the x of the forward pass; ReLU′(0) = 0; dbias += Σ dx over rows, rounded
    /// to their type or not. dx [M,N] may be dy or x; dbias [1,N] is optional.
    /// </summary>
    void ActivationBackward(Matrix dy, Matrix x, Activation activation, Matrix dx, Matrix dbias);

    /// <summary>
    /// Computes y = tanh x. y may be x: unlike that of <see cref="ActivationForward"/>, the backward pass reads y.
    /// </summary>
    void TanhForward(Matrix x, Matrix y);

    /// <summary>Computes dx = dy (1 − y²). dx may be dy.</summary>
    void TanhBackward(Matrix dy, Matrix y, Matrix dx);

    /// <summary>Computes y[s] = x[offsets[s]]. x [T,H], y [S,H].</summary>
    void ClsPoolingForward(Matrix x, PackedBatch batch, Matrix y);

    /// <summary>Computes dx[offsets[s]] += dy[s]; the other rows of dx are not changed.</summary>
    void ClsPoolingBackward(Matrix dy, PackedBatch batch, Matrix dx);

    /// <summary>
    /// Computes y[s] = scale · mean of x over the tokens of s, or adds it to y[s] if <paramref name="accumulate"/>.
    /// x [T,H], y [S,H] in fp32.
    /// </summary>
    void MeanPoolingForward(Matrix x, PackedBatch batch, float scale, bool accumulate, Matrix y);

    /// <summary>
    /// Computes dx[t] = scale · dy[s] / length of s for t in s, or adds it to dx[t] if <paramref name="accumulate"/>.
    /// dy [S,H] in fp32, dx [T,H].
    /// </summary>
    void MeanPoolingBackward(Matrix dy, PackedBatch batch, float scale, bool accumulate, Matrix dx);

    /// <summary>
    /// Computes y[s, column + h] = pooling of column h of x over the tokens of s; the other columns of y are not
    /// changed. x [T,H], y [S,E] in fp32, E ≥ column + H. For inference: <see cref="ClsPoolingForward"/> and
    /// <see cref="MeanPoolingForward"/> are those of training.
    /// </summary>
    void PoolingForward(Matrix x, PackedBatch batch, TokenPooling pooling, int column, Matrix y);

    /// <summary>Most rows of a list of <see cref="TopK"/>.</summary>
    const int MaxTopK = 1024;

    /// <summary>
    /// Merges scores[q,r], as that of row firstRow + r, into the list of the k best rows of each query: the best first,
    /// of equal scores the lower row; NaN is never among them. scores [Q,N], topScores [Q,k], topRows Int32 [Q,k]; k at
    /// most <see cref="MaxTopK"/>. An unused place has row −1 and score −∞.
    /// </summary>
    void TopK(Matrix scores, int firstRow, Matrix topScores, Matrix topRows);
}

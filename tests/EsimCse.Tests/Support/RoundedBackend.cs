using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Cpu;

namespace EsimCse.Tests.Support;

/// <summary>
/// The reference of low precision: the CPU backend's operations in fp32 on the stored inputs, with each result rounded
/// once to its stored type.
/// </summary>
sealed class RoundedBackend : IBackend
{
    readonly CpuBackend _cpu = new(1);
    readonly List<nint> _copies = [];
    readonly List<(Matrix Copy, Matrix Target)> _results = [];

    public string Name => "CPU with rounding";

    public string MatmulTuningHash => "";

    public bool RunsAsynchronously => false;

    public int PreferredBatchTokens => _cpu.PreferredBatchTokens;

    public int TokenPadding => 1;

    public void RunGraph(GraphKey key, Action work) => work();

    public void RunOnSideStream(Action work) => work();

    public void WaitForSideStream() { }

    public bool SupportsDataType(ElementType type) => true;

    public nint Allocate(long bytes) => _cpu.Allocate(bytes);

    public void Free(nint address) => _cpu.Free(address);

    public void Upload<T>(ReadOnlySpan<T> source, Matrix target) where T : unmanaged => _cpu.Upload(source, target);

    public void Download<T>(Matrix source, Span<T> target) where T : unmanaged => _cpu.Download(source, target);

    public IHostCopy CreateHostCopy(int bytes) => _cpu.CreateHostCopy(bytes);

    public IBackgroundReader CreateBackgroundReader() => _cpu.CreateBackgroundReader();

    public void Copy(Matrix source, Matrix target) => _cpu.Copy(source, target);

    public void Cast(Matrix source, Matrix target) => _cpu.Cast(source, target);

    public void PackViews(
        CorpusMemory corpus, int batchSize, AugmentationSpec augmentation, StepState state, PackedBatch batch) =>
        _cpu.PackViews(corpus, batchSize, augmentation, state, batch);

    public void MaskTokens(PackedBatch batch, MaskingSpec masking, StepState state, MaskedTokens masked) =>
        _cpu.MaskTokens(batch, masking, state, masked);

    public void EmbeddingForward(PackedBatch batch, Matrix words, Matrix positions, Matrix types, Matrix sum) =>
        Do(() => _cpu.EmbeddingForward(batch, In(words), In(positions), In(types), Out(sum)));

    public void EmbeddingBackward(
        Matrix dsum, PackedBatch batch, Matrix dwords, Matrix dpositions, Matrix dtypes, Matrix touched) =>
        Do(() => _cpu.EmbeddingBackward(In(dsum), batch, dwords, dpositions, dtypes, touched));

    public void DropoutForward(Matrix x, Matrix offsets, DropoutMask mask, Matrix y) =>
        Do(() => _cpu.DropoutForward(In(x), offsets, mask, Out(y)));

    public void DropoutBackward(Matrix dy, Matrix offsets, DropoutMask mask, Matrix dx) =>
        Do(() => _cpu.DropoutBackward(In(dy), offsets, mask, Out(dx)));

    public void LayerNormForward(
        Matrix x, Matrix bias, Matrix residual, Matrix offsets, DropoutMask mask, Matrix gamma, Matrix beta,
        float epsilon, Matrix normalized, Matrix rstd, Matrix y) =>
        Do(() => _cpu.LayerNormForward(
            In(x), bias, In(residual), offsets, mask, gamma, beta, epsilon, Out(normalized), rstd, Out(y)));

    public void LayerNormBackward(
        Matrix dy, Matrix normalized, Matrix rstd, Matrix offsets, DropoutMask mask, Matrix gamma,
        Matrix dz, Matrix dx, Matrix dbias, Matrix dgamma, Matrix dbeta) =>
        Do(() => _cpu.LayerNormBackward(
            In(dy), In(normalized), rstd, offsets, mask, gamma, Out(dz), Out(dx), dbias, dgamma, dbeta));

    public void LinearForward(Matrix x, Matrix w, Matrix bias, Matrix y) =>
        Do(() => _cpu.LinearForward(In(x), In(w), In(bias), Out(y)));

    public void LinearBackwardInput(Matrix dy, Matrix w, bool accumulate, Matrix dx) =>
        Do(() => _cpu.LinearBackwardInput(In(dy), In(w), accumulate, Out(dx)));

    public void LinearBackwardWeight(
        MatrixStack dy, MatrixStack x, bool accumulate, MatrixStack dw, MatrixStack dbias)
    {
        for (int i = 0; i < dw.Count; i++)
        {
            Matrix sum = dbias.IsPresent ? dbias[i] : default;
            Do(() => _cpu.LinearBackwardWeight(In(dy[i]), In(x[i]), accumulate, dw[i], sum));
        }
    }

    public void AttentionForward(
        Matrix qkv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp) =>
        Do(() => _cpu.AttentionForward(In(qkv), batch, heads, mask, Out(context), logSumExp));

    public void AttentionBackward(
        Matrix dcontext, Matrix qkv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads, DropoutMask mask,
        Matrix dqkv, Matrix dbias) =>
        Do(() => _cpu.AttentionBackward(
            In(dcontext), In(qkv), In(context), logSumExp, batch, heads, mask, Out(dqkv), dbias));

    public void ClsAttentionForward(
        Matrix q, Matrix kv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp) =>
        Do(() => _cpu.ClsAttentionForward(In(q), In(kv), batch, heads, mask, Out(context), logSumExp));

    public void ClsAttentionBackward(
        Matrix dcontext, Matrix q, Matrix kv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads,
        DropoutMask mask, Matrix dq, Matrix dkv, Matrix dbias) =>
        Do(() => _cpu.ClsAttentionBackward(
            In(dcontext), In(q), In(kv), In(context), logSumExp, batch, heads, mask, Out(dq), Out(dkv), dbias));

    public void ActivationForward(Matrix x, Activation activation, Matrix y) =>
        Do(() => _cpu.ActivationForward(In(x), activation, Out(y)));

    public void ActivationBackward(Matrix dy, Matrix x, Activation activation, Matrix dx, Matrix dbias) =>
        Do(() => _cpu.ActivationBackward(In(dy), In(x), activation, Out(dx), dbias));

    public void TanhForward(Matrix x, Matrix y) => Do(() => _cpu.TanhForward(In(x), Out(y)));

    public void TanhBackward(Matrix dy, Matrix y, Matrix dx) => Do(() => _cpu.TanhBackward(In(dy), In(y), Out(dx)));

    public void ClsPoolingForward(Matrix x, PackedBatch batch, Matrix y) =>
        Do(() => _cpu.ClsPoolingForward(In(x), batch, Out(y)));

    public void ClsPoolingBackward(Matrix dy, PackedBatch batch, Matrix dx) =>
        Do(() => _cpu.ClsPoolingBackward(In(dy), batch, Out(dx)));

    public void MeanPoolingForward(Matrix x, PackedBatch batch, float scale, bool accumulate, Matrix y) =>
        Do(() => _cpu.MeanPoolingForward(In(x), batch, scale, accumulate, y));

    public void MeanPoolingBackward(Matrix dy, PackedBatch batch, float scale, bool accumulate, Matrix dx) =>
        Do(() => _cpu.MeanPoolingBackward(dy, batch, scale, accumulate, Out(dx)));

    public void PoolingForward(Matrix x, PackedBatch batch, TokenPooling pooling, int column, Matrix y) =>
        Do(() => _cpu.PoolingForward(In(x), batch, pooling, column, y));

    public void TopK(Matrix scores, int firstRow, Matrix topScores, Matrix topRows) =>
        _cpu.TopK(scores, firstRow, topScores, topRows);

    public void ContrastiveLoss(
        Matrix h, Matrix queue, Matrix texts, int pairs, float hardNegativeWeight, float temperature, StepState state,
        Matrix logits, Matrix weights, Matrix norms, Matrix dh) => _cpu.ContrastiveLoss(
        h, queue, texts, pairs, hardNegativeWeight, temperature, state, logits, weights, norms, dh);

    public void GatherForward(Matrix x, Matrix rows, Matrix y) => Do(() => _cpu.GatherForward(In(x), rows, Out(y)));

    public void GatherBackward(Matrix dy, Matrix slots, Matrix dx) =>
        Do(() => _cpu.GatherBackward(In(dy), slots, Out(dx)));

    public void CrossEntropyLoss(
        Matrix logits, Matrix labels, Matrix count, float weight, StepState state,
        Matrix losses, Matrix dlogits, Matrix dbias) =>
        Do(() => _cpu.CrossEntropyLoss(logits, labels, count, weight, state, losses, Out(dlogits), dbias));

    public void QueuePush(Matrix rows, Matrix queue, StepState state) => _cpu.QueuePush(rows, queue, state);

    public void Schedule(
        LearningRateSchedule schedule, float learningRate, int warmup, int steps, StepState state) =>
        _cpu.Schedule(schedule, learningRate, warmup, steps, state);

    public void FinishGradients() => _cpu.FinishGradients();

    public void ClearGradients(Matrix chunks, TouchedRows touched, Matrix gradients) =>
        _cpu.ClearGradients(chunks, touched, gradients);

    public void GradientNorm(
        Matrix gradients, Matrix chunks, TouchedRows touched, float maximum, Matrix partials, StepState state) =>
        _cpu.GradientNorm(gradients, chunks, touched, maximum, partials, state);

    public void AdamWUpdate(
        Matrix gradients, Matrix chunks, TouchedRows touched, float decay, float emaDecay, StepState state,
        Matrix parameters, Matrix m, Matrix v, Matrix ema, Matrix bf16Weights, Matrix bf16Ema) =>
        _cpu.AdamWUpdate(
            gradients, chunks, touched, decay, emaDecay, state, parameters, m, v, ema, bf16Weights, bf16Ema);

    public void Dispose() => _cpu.Dispose();

    /// <summary>Returns an fp32 copy until the operation ends, or the matrix itself if fp32 or absent.</summary>
    Matrix In(Matrix stored)
    {
        if (!stored.IsPresent || stored.Type is ElementType.Float32) return stored;
        Matrix copy = stored with { Address = _cpu.Allocate(stored.Count * sizeof(float)), Type = ElementType.Float32 };
        _copies.Add(copy.Address);
        _cpu.Cast(stored, copy);
        return copy;
    }

    /// <summary>Returns an fp32 copy that is rounded into the matrix when the operation ends.</summary>
    Matrix Out(Matrix stored)
    {
        Matrix copy = In(stored);
        if (copy != stored) _results.Add((copy, stored));
        return copy;
    }

    void Do(Action operation)
    {
        operation();
        foreach ((Matrix copy, Matrix target) in _results) _cpu.Cast(copy, target);
        foreach (nint copy in _copies) _cpu.Free(copy);
        _results.Clear();
        _copies.Clear();
    }
}

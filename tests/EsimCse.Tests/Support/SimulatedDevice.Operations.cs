using EsimCse.Core.Backend;

namespace EsimCse.Tests.Support;

/// <content>The operations, which all take the same time.</content>
sealed partial class SimulatedDevice
{
    public void Cast(Matrix source, Matrix target) =>
        Queue(OperationTime, () => _cpu.Cast(source, target));

    public void PackViews(
        CorpusMemory corpus, int batchSize, AugmentationSpec draws, StepState state, PackedBatch batch) =>
        Queue(OperationTime, () => _cpu.PackViews(corpus, batchSize, draws, state, batch));

    public void MaskTokens(PackedBatch batch, MaskingSpec masking, StepState state, MaskedTokens masked) =>
        Queue(OperationTime, () => _cpu.MaskTokens(batch, masking, state, masked));

    public void EmbeddingForward(PackedBatch batch, Matrix words, Matrix positions, Matrix types, Matrix sum) =>
        Queue(OperationTime, () => _cpu.EmbeddingForward(batch, words, positions, types, sum));

    public void EmbeddingBackward(
        Matrix dsum, PackedBatch batch, Matrix dwords, Matrix dpositions, Matrix dtypes, Matrix touched) =>
        Queue(OperationTime, () => _cpu.EmbeddingBackward(dsum, batch, dwords, dpositions, dtypes, touched));

    public void DropoutForward(Matrix x, Matrix offsets, DropoutMask mask, Matrix y) =>
        Queue(OperationTime, () => _cpu.DropoutForward(x, offsets, mask, y));

    public void DropoutBackward(Matrix dy, Matrix offsets, DropoutMask mask, Matrix dx) =>
        Queue(OperationTime, () => _cpu.DropoutBackward(dy, offsets, mask, dx));

    public void LayerNormForward(
        Matrix x, Matrix bias, Matrix residual, Matrix offsets, DropoutMask mask, Matrix gamma, Matrix beta,
        float epsilon, Matrix normalized, Matrix rstd, Matrix y) =>
        Queue(OperationTime, () => _cpu.LayerNormForward(
            x, bias, residual, offsets, mask, gamma, beta, epsilon, normalized, rstd, y));

    public void LayerNormBackward(
        Matrix dy, Matrix normalized, Matrix rstd, Matrix offsets, DropoutMask mask, Matrix gamma, Matrix dz,
        Matrix dx, Matrix dbias, Matrix dgamma, Matrix dbeta) =>
        Queue(OperationTime, () => _cpu.LayerNormBackward(
            dy, normalized, rstd, offsets, mask, gamma, dz, dx, dbias, dgamma, dbeta));

    public void LinearForward(Matrix x, Matrix w, Matrix bias, Matrix y) =>
        Queue(OperationTime, () => _cpu.LinearForward(x, w, bias, y));

    public void LinearBackwardInput(Matrix dy, Matrix w, bool accumulate, Matrix dx) =>
        Queue(OperationTime, () => _cpu.LinearBackwardInput(dy, w, accumulate, dx));

    public void LinearBackwardWeight(
        MatrixStack dy, MatrixStack x, bool accumulate, MatrixStack dw, MatrixStack dbias) =>
        Queue(OperationTime, () => _cpu.LinearBackwardWeight(dy, x, accumulate, dw, dbias));

    public void AttentionForward(
        Matrix qkv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp) =>
        Queue(OperationTime, () => _cpu.AttentionForward(qkv, batch, heads, mask, context, logSumExp));

    public void AttentionBackward(
        Matrix dcontext, Matrix qkv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads, DropoutMask mask,
        Matrix dqkv, Matrix dbias) =>
        Queue(OperationTime, () => _cpu.AttentionBackward(
            dcontext, qkv, context, logSumExp, batch, heads, mask, dqkv, dbias));

    public void ClsAttentionForward(
        Matrix q, Matrix kv, PackedBatch batch, int heads, DropoutMask mask, Matrix context, Matrix logSumExp) =>
        Queue(OperationTime, () => _cpu.ClsAttentionForward(q, kv, batch, heads, mask, context, logSumExp));

    public void ClsAttentionBackward(
        Matrix dcontext, Matrix q, Matrix kv, Matrix context, Matrix logSumExp, PackedBatch batch, int heads,
        DropoutMask mask, Matrix dq, Matrix dkv, Matrix dbias) =>
        Queue(OperationTime, () => _cpu.ClsAttentionBackward(
            dcontext, q, kv, context, logSumExp, batch, heads, mask, dq, dkv, dbias));

    public void ActivationForward(Matrix x, Activation activation, Matrix y) =>
        Queue(OperationTime, () => _cpu.ActivationForward(x, activation, y));

    public void ActivationBackward(Matrix dy, Matrix x, Activation activation, Matrix dx, Matrix dbias) =>
        Queue(OperationTime, () => _cpu.ActivationBackward(dy, x, activation, dx, dbias));

    public void TanhForward(Matrix x, Matrix y) =>
        Queue(OperationTime, () => _cpu.TanhForward(x, y));

    public void TanhBackward(Matrix dy, Matrix y, Matrix dx) =>
        Queue(OperationTime, () => _cpu.TanhBackward(dy, y, dx));

    public void ClsPoolingForward(Matrix x, PackedBatch batch, Matrix y) =>
        Queue(OperationTime, () => _cpu.ClsPoolingForward(x, batch, y));

    public void ClsPoolingBackward(Matrix dy, PackedBatch batch, Matrix dx) =>
        Queue(OperationTime, () => _cpu.ClsPoolingBackward(dy, batch, dx));

    public void MeanPoolingForward(Matrix x, PackedBatch batch, float scale, bool accumulate, Matrix y) =>
        Queue(OperationTime, () => _cpu.MeanPoolingForward(x, batch, scale, accumulate, y));

    public void MeanPoolingBackward(Matrix dy, PackedBatch batch, float scale, bool accumulate, Matrix dx) =>
        Queue(OperationTime, () => _cpu.MeanPoolingBackward(dy, batch, scale, accumulate, dx));

    public void PoolingForward(Matrix x, PackedBatch batch, TokenPooling pooling, int column, Matrix y) =>
        Queue(OperationTime, () => _cpu.PoolingForward(x, batch, pooling, column, y));

    public void TopK(Matrix scores, int firstRow, Matrix topScores, Matrix topRows) =>
        Queue(OperationTime, () => _cpu.TopK(scores, firstRow, topScores, topRows));

    public void ContrastiveLoss(
        Matrix h, Matrix queue, Matrix texts, int pairs, float hardNegativeWeight, float temperature, StepState state,
        Matrix logits, Matrix weights, Matrix norms, Matrix dh) =>
        Queue(OperationTime, () => _cpu.ContrastiveLoss(
            h, queue, texts, pairs, hardNegativeWeight, temperature, state, logits, weights, norms, dh));

    public void GatherForward(Matrix x, Matrix rows, Matrix y) =>
        Queue(OperationTime, () => _cpu.GatherForward(x, rows, y));

    public void GatherBackward(Matrix dy, Matrix slots, Matrix dx) =>
        Queue(OperationTime, () => _cpu.GatherBackward(dy, slots, dx));

    public void CrossEntropyLoss(
        Matrix logits, Matrix labels, Matrix count, float weight, StepState state, Matrix losses, Matrix dlogits,
        Matrix dbias) =>
        Queue(OperationTime, () => _cpu.CrossEntropyLoss(logits, labels, count, weight, state, losses, dlogits, dbias));

    public void QueuePush(Matrix rows, Matrix queue, StepState state) =>
        Queue(OperationTime, () => _cpu.QueuePush(rows, queue, state));

    public void Schedule(LearningRateSchedule schedule, float learningRate, int warmup, int steps, StepState state) =>
        Queue(OperationTime, () => _cpu.Schedule(schedule, learningRate, warmup, steps, state));

    public void ClearGradients(Matrix chunks, TouchedRows touched, Matrix gradients) =>
        Queue(OperationTime, () => _cpu.ClearGradients(chunks, touched, gradients));

    public void FinishGradients() => Queue(OperationTime, _cpu.FinishGradients);

    public void GradientNorm(
        Matrix gradients, Matrix chunks, TouchedRows touched, float maximum, Matrix partials, StepState state) =>
        Queue(OperationTime, () => _cpu.GradientNorm(gradients, chunks, touched, maximum, partials, state));

    public void AdamWUpdate(
        Matrix gradients, Matrix chunks, TouchedRows touched, float decay, float emaDecay, StepState state,
        Matrix parameters, Matrix m, Matrix v, Matrix ema, Matrix bf16Weights, Matrix bf16Ema) =>
        Queue(OperationTime, () => _cpu.AdamWUpdate(
            gradients, chunks, touched, decay, emaDecay, state, parameters, m, v, ema, bf16Weights, bf16Ema));
}

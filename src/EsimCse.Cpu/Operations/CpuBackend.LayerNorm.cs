using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void LayerNormForward(Matrix x, Matrix bias, Matrix residual, Matrix offsets, DropoutMask mask,
        Matrix gamma, Matrix beta, float epsilon, Matrix normalized, Matrix rstd, Matrix y)
    {
        LayerNormArguments arguments = new(x, bias, residual, gamma, beta, epsilon, normalized, rstd, y);
        PhiloxDropout dropout = new(mask);
        _pool.For(x.Rows, 16, (from, to) =>
        {
            if (VectorMath.HasWideRegisters) Normalize<OneRegister>(arguments, offsets, dropout, from, to);
            else Normalize<TwoRegisters>(arguments, offsets, dropout, from, to);
        });
    }

    static void Normalize<T>(
        in LayerNormArguments arguments, Matrix offsets, PhiloxDropout dropout, int from, int to)
        where T : unmanaged, ILanes<T>
    {
        SentenceCursor sentences = new(offsets);
        Span<float> gamma = Row(arguments.Gamma, 0);
        Span<float> beta = Row(arguments.Beta, 0);
        Span<float> bias = OptionalRow(arguments.Bias, 0);
        for (int row = from; row < to; row++)
        {
            // z = (x + bias) ∘ mask + residual
            Span<float> y = Row(arguments.Y, row);
            Span<float> normalized = OptionalRow(arguments.Normalized, row);
            Span<float> z = normalized.IsEmpty ? y : normalized;
            Span<float> residual = OptionalRow(arguments.Residual, row);
            if (dropout.IsActive)
            {
                LayerNormRow.Add<T>(Row(arguments.X, row), bias, default, z);
                (int sentence, int position) = sentences.Find(row);
                dropout.Apply(sentence, (long)position * z.Length, z);
                LayerNormRow.Add<T>(z, default, residual, z);
            }
            else LayerNormRow.Add<T>(Row(arguments.X, row), bias, residual, z);

            float rstd = LayerNormRow.Normalize<T>(z, arguments.Epsilon, gamma, beta, normalized, y);
            if (arguments.Rstd.IsPresent) Floats(arguments.Rstd)[row] = rstd;
        }
    }

    /// <inheritdoc/>
    public void LayerNormBackward(Matrix dy, Matrix normalized, Matrix rstd, Matrix offsets, DropoutMask mask,
        Matrix gamma, Matrix dz, Matrix dx, Matrix dbias, Matrix dgamma, Matrix dbeta)
    {
        if (dbias.IsPresent && !dx.IsPresent && mask.IsActive) ThrowMissingInputGradient();
        LayerNormParameterGradients(dy, normalized, dgamma, dbeta);
        LayerNormInputGradients(dy, normalized, rstd, offsets, new PhiloxDropout(mask), gamma, dz, dx);
        if (dbias.IsPresent) AddColumnSums(dx.IsPresent ? dx : dz, dbias);
    }

    /// <summary>Adds to dγ and dβ, partitioned by columns so that each sum keeps the order of the rows.</summary>
    void LayerNormParameterGradients(
        Matrix dy, Matrix normalized, Matrix dgamma, Matrix dbeta) => _pool.For(dy.Columns, 32, (from, to) =>
    {
        Span<float> dgammaColumns = Row(dgamma, 0)[from..to];
        Span<float> dbetaColumns = Row(dbeta, 0)[from..to];
        for (int row = 0; row < dy.Rows; row++)
        {
            ReadOnlySpan<float> dyRow = Row(dy, row)[from..to];
            ReadOnlySpan<float> normalizedRow = Row(normalized, row)[from..to];
            TensorPrimitives.FusedMultiplyAdd(dyRow, normalizedRow, dgammaColumns, dgammaColumns);
            TensorPrimitives.Add(dyRow, dbetaColumns, dbetaColumns);
        }
    });

    /// <summary>Computes dz and dx row by row; dx may be absent.</summary>
    void LayerNormInputGradients(Matrix dy, Matrix normalized, Matrix rstd, Matrix offsets, PhiloxDropout dropout,
        Matrix gamma, Matrix dz, Matrix dx) => _pool.For(dy.Rows, 16, (from, to) =>
    {
        SentenceCursor sentences = new(offsets);
        for (int row = from; row < to; row++)
        {
            Span<float> dzRow = Row(dz, row);
            ReadOnlySpan<float> normalizedRow = Row(normalized, row);
            float rowRstd = Floats(rstd)[row];
            if (VectorMath.HasWideRegisters)
                LayerNormRow.Backward<OneRegister>(Row(dy, row), Row(gamma, 0), normalizedRow, rowRstd, dzRow);
            else LayerNormRow.Backward<TwoRegisters>(Row(dy, row), Row(gamma, 0), normalizedRow, rowRstd, dzRow);
            if (!dx.IsPresent) continue;

            // dx = dz ∘ mask
            (int sentence, int position) = sentences.Find(row);
            Span<float> dxRow = Row(dx, row);
            if (dx.Address != dz.Address) dzRow.CopyTo(dxRow);
            dropout.Apply(sentence, (long)position * dxRow.Length, dxRow);
        }
    });

    static Span<float> OptionalRow(Matrix matrix, int row) => matrix.IsPresent ? Row(matrix, row) : default;

    readonly record struct LayerNormArguments(
        Matrix X, Matrix Bias, Matrix Residual, Matrix Gamma, Matrix Beta, float Epsilon,
        Matrix Normalized, Matrix Rstd, Matrix Y);

    [DoesNotReturn]
    static void ThrowMissingInputGradient() => throw new ArgumentException(
        "found dbias without dx, expected dx wherever the mask drops: the gradient of the bias is the sum of dx");
}

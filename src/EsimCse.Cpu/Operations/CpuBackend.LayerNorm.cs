using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void LayerNormForward(Matrix x, Matrix bias, Matrix residual, Matrix offsets, DropoutMask mask,
        Matrix gamma, Matrix beta, float epsilon, Matrix normalized, Matrix rstd, Matrix y)
    {
        PhiloxDropout dropout = new(mask);
        Matrix target = normalized.IsPresent ? normalized : y;
        _pool.For(x.Rows, 16, (from, to) =>
        {
            SentenceCursor sentences = new(offsets);
            for (int row = from; row < to; row++)
            {
                // z = (x + bias) ∘ mask + residual
                Span<float> z = Row(target, row);
                if (bias.IsPresent) TensorPrimitives.Add(Row(x, row), Row(bias, 0), z);
                else if (x.Address != target.Address) Row(x, row).CopyTo(z);
                (int sentence, int position) = sentences.Find(row);
                dropout.Apply(sentence, (long)position * z.Length, z);
                if (residual.IsPresent) TensorPrimitives.Add(z, Row(residual, row), z);

                float rowRstd = Normalize(z, epsilon);
                if (rstd.IsPresent) Floats(rstd)[row] = rowRstd;
                TensorPrimitives.FusedMultiplyAdd(z, Row(gamma, 0), Row(beta, 0), Row(y, row));
            }
        });
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

    /// <summary>Computes z = (z − mean z) rstd in place and returns rstd.</summary>
    static float Normalize(Span<float> z, float epsilon)
    {
        TensorPrimitives.Subtract(z, VectorMath.Sum(z) / z.Length, z);
        float rstd = 1 / MathF.Sqrt(VectorMath.Dot(z, z) / z.Length + epsilon);
        TensorPrimitives.Multiply(z, rstd, z);
        return rstd;
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
            // g = γ dy; dz = rstd (g − mean g − normalized mean(g normalized))
            Span<float> g = Row(dz, row);
            ReadOnlySpan<float> normalizedRow = Row(normalized, row);
            TensorPrimitives.Multiply(Row(dy, row), Row(gamma, 0), g);
            float mean = VectorMath.Sum(g) / g.Length;
            float projection = VectorMath.Dot(g, normalizedRow) / g.Length;
            TensorPrimitives.Subtract(g, mean, g);
            TensorPrimitives.FusedMultiplyAdd(normalizedRow, -projection, g, g);
            TensorPrimitives.Multiply(g, Floats(rstd)[row], g);
            if (!dx.IsPresent) continue;

            // dx = dz ∘ mask
            (int sentence, int position) = sentences.Find(row);
            Span<float> dxRow = Row(dx, row);
            if (dx.Address != dz.Address) g.CopyTo(dxRow);
            dropout.Apply(sentence, (long)position * g.Length, dxRow);
        }
    });

    [DoesNotReturn]
    static void ThrowMissingInputGradient() => throw new ArgumentException(
        "found dbias without dx, expected dx wherever the mask drops: the gradient of the bias is the sum of dx");
}

using System.Numerics.Tensors;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    /// <inheritdoc/>
    public void LayerNormForward(Matrix x, Matrix bias, Matrix residual, Matrix offsets, DropoutMask mask, Matrix gamma, Matrix beta,
        float epsilon, Matrix normalized, Matrix rstd, Matrix y) =>
        _cores.For(x.Rows, 16, new NormalizeRows
        {
            X = x,
            Bias = bias,
            Residual = residual,
            Offsets = offsets,
            Draws = new DropoutDraws(mask),
            Gamma = gamma,
            Beta = beta,
            Epsilon = epsilon,
            Normalized = normalized.IsPresent ? normalized : y,
            Rstd = rstd,
            Y = y,
        });

    /// <inheritdoc/>
    public void LayerNormBackward(Matrix dy, Matrix normalized, Matrix rstd, Matrix offsets, DropoutMask mask, Matrix gamma,
        Matrix dz, Matrix dx, Matrix dbias, Matrix dgamma, Matrix dbeta)
    {
        if (dbias.IsPresent && !dx.IsPresent && mask.IsActive) throw new ArgumentException("the gradient of the bias is the sum of dx: it must be there where the mask drops");
        _cores.For(dy.Columns, 32, new ParameterSums(dy, normalized, dgamma, dbeta));
        _cores.For(dy.Rows, 16, new RowGradients(dy, normalized, rstd, offsets, new DropoutDraws(mask), gamma, dz, dx));
        if (dbias.IsPresent) _cores.For(dy.Columns, 64, new AddRows(dx.IsPresent ? dx : dz, dbias));
    }

    struct NormalizeRows : IRangeBody
    {
        public Matrix X, Bias, Residual, Offsets, Gamma, Beta, Normalized, Rstd, Y;
        public DropoutDraws Draws;
        public float Epsilon;

        public readonly unsafe void Run(int from, int to)
        {
            RowSentences sentences = new(Offsets);
            for (int row = from; row < to; row++)
            {
                Span<float> z = Row(Normalized, row);
                if (Bias.IsPresent) TensorPrimitives.Add(Row(X, row), Row(Bias, 0), z);
                else if (X.Address != Normalized.Address) Row(X, row).CopyTo(z);
                (int sentence, int place) = sentences[row];
                Draws.Apply(sentence, (long)place * z.Length, z);
                if (Residual.IsPresent) TensorPrimitives.Add(z, Row(Residual, row), z);

                TensorPrimitives.Subtract(z, VectorMath.Sum(z) / z.Length, z);
                float scale = 1 / MathF.Sqrt(VectorMath.Dot(z, z) / z.Length + Epsilon);
                TensorPrimitives.Multiply(z, scale, z);
                if (Rstd.IsPresent) Floats(Rstd)[row] = scale;
                TensorPrimitives.FusedMultiplyAdd(z, Row(Gamma, 0), Row(Beta, 0), Row(Y, row));
            }
        }
    }

    /// <summary>The items are columns, so that each sum keeps the order of the rows.</summary>
    readonly struct ParameterSums(Matrix dy, Matrix normalized, Matrix dgamma, Matrix dbeta) : IRangeBody
    {
        public void Run(int from, int to)
        {
            Span<float> gammaSum = Row(dgamma, 0)[from..to], betaSum = Row(dbeta, 0)[from..to];
            for (int row = 0; row < dy.Rows; row++)
            {
                ReadOnlySpan<float> slope = Row(dy, row)[from..to];
                TensorPrimitives.FusedMultiplyAdd(slope, Row(normalized, row)[from..to], gammaSum, gammaSum);
                TensorPrimitives.Add(slope, betaSum, betaSum);
            }
        }
    }

    readonly struct RowGradients(Matrix dy, Matrix normalized, Matrix rstd, Matrix offsets, DropoutDraws draws, Matrix gamma, Matrix dz, Matrix dx) : IRangeBody
    {
        public unsafe void Run(int from, int to)
        {
            RowSentences sentences = new(offsets);
            for (int row = from; row < to; row++)
            {
                Span<float> g = Row(dz, row), unit = Row(normalized, row);
                TensorPrimitives.Multiply(Row(dy, row), Row(gamma, 0), g);
                float mean = VectorMath.Sum(g) / g.Length, slope = VectorMath.Dot(g, unit) / g.Length;
                TensorPrimitives.Subtract(g, mean, g);
                TensorPrimitives.FusedMultiplyAdd(unit, -slope, g, g);
                TensorPrimitives.Multiply(g, Floats(rstd)[row], g);
                if (!dx.IsPresent) continue;
                (int sentence, int place) = sentences[row];
                Span<float> target = Row(dx, row);
                if (dx.Address != dz.Address) g.CopyTo(target);
                draws.Apply(sentence, (long)place * g.Length, target);
            }
        }
    }
}

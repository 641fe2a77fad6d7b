using System.Numerics.Tensors;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu;

unsafe partial class CpuBackend
{
    const int SumLength = 256;

    /// <inheritdoc/>
    public void CrossEntropyLoss(
        Matrix logits, Matrix labels, Matrix count, float weight, StepState state,
        Matrix losses, Matrix dlogits, Matrix dbias)
    {
        int chosen = Integers(count)[0];
        float scale = weight / Math.Max(1, chosen);
        int* label = Integers(labels);
        float* loss = Floats(losses);
        _pool.For(logits.Rows, 1, (from, to) =>
        {
            for (int row = from; row < to; row++)
                loss[row] = CrossEntropyRow(Row(logits, row), label[row], scale, Row(dlogits, row));
        });
        double sum = 0;
        for (int row = 0; row < logits.Rows; row++) sum += loss[row];
        float mean = (float)(sum / Math.Max(1, chosen));
        Floats(state.Scalars)[StepState.MaskedLanguageLoss] += mean;
        Floats(state.Scalars)[StepState.Loss] += weight * mean;
        AddColumnSums(dlogits, dbias);
    }

    /// <summary>Returns the loss of a row and computes its gradient, times scale. dlogits may be logits.</summary>
    static float CrossEntropyRow(ReadOnlySpan<float> logits, int label, float scale, Span<float> dlogits)
    {
        if (label < 0)
        {
            dlogits.Clear();
            return 0;
        }
        int largest = TensorPrimitives.IndexOfMax(logits);
        float max = logits[largest], distance = max - logits[label];
        TensorPrimitives.Subtract(logits, max, dlogits);
        TensorPrimitives.Exp(dlogits, dlogits);

        // Σ e^(logit − max) over all but the largest, and over all but the label: small losses keep their digits
        double withoutLargest = Sum(dlogits[..largest]) + Sum(dlogits[(largest + 1)..]);
        double withoutLabel = Sum(dlogits[..label]) + Sum(dlogits[(label + 1)..]);
        double factor = scale / (1 + withoutLargest);
        TensorPrimitives.Multiply(dlogits, (float)factor, dlogits);
        dlogits[label] = (float)(-withoutLabel * factor);
        return (float)double.LogP1(withoutLargest) + distance;
    }

    /// <summary>Returns Σ x, in double over short parts: a gradient's elements are to add up to 0.</summary>
    static double Sum(ReadOnlySpan<float> x)
    {
        double sum = 0;
        for (int first = 0; first < x.Length; first += SumLength)
            sum += VectorMath.Sum(x.Slice(first, Math.Min(SumLength, x.Length - first)));
        return sum;
    }
}

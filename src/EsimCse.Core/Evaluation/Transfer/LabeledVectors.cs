using System.Numerics.Tensors;

namespace EsimCse.Core.Evaluation.Transfer;

/// <summary>The features of examples and their classes.</summary>
/// <param name="values">[examples, dimension].</param>
/// <param name="dimension">Elements of a vector.</param>
/// <param name="labels">The class of each example, counted from 0.</param>
sealed class LabeledVectors(float[] values, int dimension, int[] labels)
{
    public int Dimension => dimension;

    public ReadOnlySpan<int> Labels => labels;

    /// <summary>Copies a vector and the number 1, whose weight is the bias.</summary>
    public void CopyWithOne(int row, Span<double> target)
    {
        // The conversion is exact.
        TensorPrimitives.ConvertTruncating<float, double>(values.AsSpan(row * dimension, dimension), target);
        target[dimension] = 1;
    }
}

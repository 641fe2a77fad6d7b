using EsimCse.Core.Model.SentenceTransformers;

namespace EsimCseNative;

/// <summary>The form in which vectors leave the encoder.</summary>
/// <param name="Dimension">The first columns that are kept.</param>
/// <param name="Normalize">Whether vectors are divided by their norms.</param>
/// <param name="NormalizesAgain">
/// Whether the first columns, where they are not all, are normalized once more. Like sentence-transformers, a folder's
/// truncate_dim does not; an option does.
/// </param>
readonly record struct VectorForm(int Dimension, bool Normalize, bool NormalizesAgain)
{
    /// <summary>
    /// Brings a vector of the model into this form, in place: afterwards its first <see cref="Dimension"/> elements
    /// count. Returns false where it is not finite.
    /// </summary>
    public bool TryApply(Span<float> vector)
    {
        double squares = NormalizeModule.SumOfSquares(vector);
        if (!double.IsFinite(squares)) return false;
        if (Normalize) NormalizeModule.Normalize(vector, squares);
        if (NormalizesAgain && Dimension < vector.Length) NormalizeModule.Normalize(vector[..Dimension]);
        return true;
    }
}

namespace EsimCse.Serving;

/// <summary>The vectors of a request.</summary>
/// <param name="Rows">The vectors, of which the first elements count.</param>
/// <param name="Dimension">The elements that count.</param>
/// <param name="Tokens">Tokens of all inputs, special tokens included.</param>
readonly record struct EmbeddingAnswer(float[][] Rows, int Dimension, long Tokens)
{
    /// <summary>Number of vectors.</summary>
    public int Count => Rows.Length;

    /// <summary>Returns a vector.</summary>
    public ReadOnlySpan<float> Vector(int index) => Rows[index].AsSpan(0, Dimension);
}

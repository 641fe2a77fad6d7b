namespace EsimCse.Search;

/// <summary>The Euclidean norm of a vector.</summary>
static class VectorNorm
{
    /// <summary>Computes the norm in double precision, in which squares of floats do not overflow.</summary>
    public static double Compute(ReadOnlySpan<float> vector)
    {
        double squares = 0;
        foreach (float element in vector) squares += (double)element * element;
        return Math.Sqrt(squares);
    }

    /// <summary>Divides a vector by its norm and returns the norm; a vector of zeros stays.</summary>
    public static double Normalize(Span<float> vector) => Normalize(vector, vector);

    /// <summary>Divides a vector by its norm and returns the norm; one of zeros stays.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="target">Receives the result; may be the vector itself.</param>
    public static double Normalize(ReadOnlySpan<float> vector, Span<float> target)
    {
        double norm = Compute(vector);
        for (int i = 0; i < vector.Length; i++) target[i] = norm == 0 ? 0 : (float)(vector[i] / norm);
        return norm;
    }
}

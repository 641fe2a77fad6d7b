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

    /// <summary>Divides a vector by its norm; one of zeros stays.</summary>
    public static void Normalize(ReadOnlySpan<float> vector, Span<float> target)
    {
        double norm = Compute(vector);
        for (int i = 0; i < vector.Length; i++) target[i] = norm == 0 ? 0 : (float)(vector[i] / norm);
    }
}

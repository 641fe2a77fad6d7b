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
    public static double Normalize(Span<float> vector)
    {
        double norm = Compute(vector);
        if (norm != 0)
            foreach (ref float element in vector) element = (float)(element / norm);
        return norm;
    }
}

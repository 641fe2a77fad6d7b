namespace EsimCse.Tests.Reference;

static class GradientNorm
{
    /// <summary>
    /// Computes norm = √Σ g² over the chunks (first element, number of elements, flags), and
    /// scale = min(1, maximum / (norm + 1e-6)).
    /// </summary>
    public static (double Norm, double Scale) Compute(double[] arena, int[] chunks, double maximum)
    {
        double squares = 0;
        foreach (int[] chunk in chunks.Chunk(3))
            for (int i = chunk[0]; i < chunk[0] + chunk[1]; i++) squares += arena[i] * arena[i];
        double norm = Math.Sqrt(squares);
        return (norm, Math.Min(1, maximum / (norm + 1e-6)));
    }
}

namespace EsimCse.Tests.Reference;

static class GradientNorm
{
    /// <summary>The norm over the chunks of an arena, three numbers each, and what clipping multiplies by.</summary>
    public static (double Norm, double Scale) Of(double[] arena, int[] chunks, double maximum)
    {
        double squares = 0;
        for (int chunk = 0; chunk < chunks.Length; chunk += 3)
            for (int i = 0; i < chunks[chunk + 1]; i++) squares += arena[chunks[chunk] + i] * arena[chunks[chunk] + i];
        double norm = Math.Sqrt(squares);
        return (norm, Math.Min(1, maximum / (norm + 1e-6)));
    }
}

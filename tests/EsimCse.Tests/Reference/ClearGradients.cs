namespace EsimCse.Tests.Reference;

static class ClearGradients
{
    /// <summary>Zeros in the chunks of an arena, three numbers each: first element, number of elements, flags.</summary>
    public static double[] Of(double[] arena, int[] chunks)
    {
        double[] cleared = [.. arena];
        for (int chunk = 0; chunk < chunks.Length; chunk += 3)
            for (int i = 0; i < chunks[chunk + 1]; i++) cleared[chunks[chunk] + i] = 0;
        return cleared;
    }
}

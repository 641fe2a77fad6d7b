namespace EsimCse.Tests.Reference;

static class ClearGradients
{
    const int Overwritten = 4;

    /// <summary>
    /// Returns the arena with zeros in its chunks (first element, number of elements, flags), unless overwritten.
    /// </summary>
    public static double[] Compute(double[] arena, int[] chunks)
    {
        double[] cleared = [.. arena];
        foreach (int[] chunk in chunks.Chunk(3).Where(chunk => (chunk[2] & Overwritten) == 0))
            for (int i = 0; i < chunk[1]; i++) cleared[chunk[0] + i] = 0;
        return cleared;
    }
}

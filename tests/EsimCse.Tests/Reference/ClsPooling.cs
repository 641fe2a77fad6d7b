namespace EsimCse.Tests.Reference;

static class ClsPooling
{
    public static double[] Forward(double[] x, int[] offsets, int width) => [.. offsets[..^1].SelectMany(row => x[(row * width)..((row + 1) * width)])];

    /// <summary>dx with the sentences' gradients added.</summary>
    public static double[] Backward(double[] dy, int[] offsets, int width, double[] dx)
    {
        double[] sum = [.. dx];
        for (int s = 0; s + 1 < offsets.Length; s++)
            for (int c = 0; c < width; c++) sum[offsets[s] * width + c] += dy[s * width + c];
        return sum;
    }
}

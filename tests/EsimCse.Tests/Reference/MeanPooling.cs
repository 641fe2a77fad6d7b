namespace EsimCse.Tests.Reference;

static class MeanPooling
{
    /// <summary>Computes y[s] = scale · mean of x over the tokens of sentence s.</summary>
    public static double[] Forward(double[] x, int[] offsets, double scale, int width)
    {
        double[] y = new double[(offsets.Length - 1) * width];
        for (int s = 0; s + 1 < offsets.Length; s++)
        {
            int length = offsets[s + 1] - offsets[s];
            for (int t = offsets[s]; t < offsets[s + 1]; t++)
                for (int c = 0; c < width; c++) y[s * width + c] += scale * x[t * width + c] / length;
        }
        return y;
    }

    /// <summary>Computes dx[t] = scale · dy[s] / length of s, for the tokens t of s.</summary>
    public static double[] Backward(double[] dy, int[] offsets, double scale, int width)
    {
        double[] dx = new double[offsets[^1] * width];
        for (int s = 0; s + 1 < offsets.Length; s++)
        {
            int length = offsets[s + 1] - offsets[s];
            for (int t = offsets[s]; t < offsets[s + 1]; t++)
                for (int c = 0; c < width; c++) dx[t * width + c] = scale * dy[s * width + c] / length;
        }
        return dx;
    }
}

namespace EsimCse.Tests.Reference;

static class ClsPooling
{
    /// <summary>Computes y[s] = x[offsets[s]].</summary>
    public static double[] Forward(double[] x, int[] offsets, int width)
    {
        double[] y = new double[(offsets.Length - 1) * width];
        for (int s = 0; s + 1 < offsets.Length; s++)
            for (int c = 0; c < width; c++) y[s * width + c] = x[offsets[s] * width + c];
        return y;
    }

    /// <summary>Computes dx[offsets[s]] += dy[s] on a copy of dx.</summary>
    public static double[] Backward(double[] dy, int[] offsets, int width, double[] dx)
    {
        double[] sum = [.. dx];
        for (int s = 0; s + 1 < offsets.Length; s++)
            for (int c = 0; c < width; c++) sum[offsets[s] * width + c] += dy[s * width + c];
        return sum;
    }
}

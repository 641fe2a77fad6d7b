namespace EsimCse.Tests.Reference;

static class MeanPooling
{
    public static double[] Forward(double[] x, int[] offsets, double scale, int width)
    {
        double[] y = new double[(offsets.Length - 1) * width];
        for (int s = 0; s + 1 < offsets.Length; s++)
            for (int t = offsets[s]; t < offsets[s + 1]; t++)
                for (int c = 0; c < width; c++) y[s * width + c] += scale * x[t * width + c] / (offsets[s + 1] - offsets[s]);
        return y;
    }

    public static double[] Backward(double[] dy, int[] offsets, double scale, int width)
    {
        double[] dx = new double[offsets[^1] * width];
        for (int s = 0; s + 1 < offsets.Length; s++)
            for (int t = offsets[s]; t < offsets[s + 1]; t++)
                for (int c = 0; c < width; c++) dx[t * width + c] = scale * dy[s * width + c] / (offsets[s + 1] - offsets[s]);
        return dx;
    }
}

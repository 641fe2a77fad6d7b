namespace EsimCse.Tests.Reference;

static class Gather
{
    /// <summary>Computes y[i] = x[rows[i]], 0 where rows[i] is −1.</summary>
    public static double[] Forward(double[] x, int[] rows, int width)
    {
        double[] y = new double[rows.Length * width];
        for (int i = 0; i < rows.Length; i++)
            for (int c = 0; c < width; c++)
                if (rows[i] >= 0) y[i * width + c] = x[rows[i] * width + c];
        return y;
    }

    /// <summary>Computes dx[rows[i]] = dy[i], 0 in the rows of x that are not listed.</summary>
    public static double[] Backward(double[] dy, int[] rows, int tokens, int width)
    {
        double[] dx = new double[tokens * width];
        for (int i = 0; i < rows.Length; i++)
            for (int c = 0; c < width; c++)
                if (rows[i] >= 0) dx[rows[i] * width + c] = dy[i * width + c];
        return dx;
    }
}

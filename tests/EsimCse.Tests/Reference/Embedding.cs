namespace EsimCse.Tests.Reference;

static class Embedding
{
    public static double[] Forward(int[] ids, int[] places, double[] words, double[] positions, double[] types, int width)
    {
        double[] sum = new double[ids.Length * width];
        for (int t = 0; t < ids.Length; t++)
            for (int c = 0; c < width; c++) sum[t * width + c] = words[ids[t] * width + c] + positions[places[t] * width + c] + types[c];
        return sum;
    }

    /// <summary>The gradient of a table of so many rows, of which row rows[t] was read for token t.</summary>
    public static double[] Backward(double[] dsum, int[] rows, int count, int width)
    {
        double[] table = new double[count * width];
        for (int t = 0; t < rows.Length; t++)
            for (int c = 0; c < width; c++) table[rows[t] * width + c] += dsum[t * width + c];
        return table;
    }
}

namespace EsimCse.Tests.Reference;

static class Embedding
{
    /// <summary>Computes sum[t] = words[ids[t]] + positions[positionIds[t]] + types[0].</summary>
    public static double[] Forward(
        int[] ids, int[] positionIds, double[] words, double[] positions, double[] types, int width)
    {
        double[] sum = new double[ids.Length * width];
        for (int t = 0; t < ids.Length; t++)
            for (int c = 0; c < width; c++)
            {
                double position = positions[positionIds[t] * width + c];
                sum[t * width + c] = words[ids[t] * width + c] + position + types[c];
            }
        return sum;
    }

    /// <summary>Computes the gradient of a table [count,width] whose row rows[t] was read for token t.</summary>
    public static double[] Backward(double[] dsum, int[] rows, int count, int width)
    {
        double[] table = new double[count * width];
        for (int t = 0; t < rows.Length; t++)
            for (int c = 0; c < width; c++) table[rows[t] * width + c] += dsum[t * width + c];
        return table;
    }
}

namespace EsimCse.Tests.Reference;

static class Contrastive
{
    /// <summary>
    /// Computes the mean over i &lt; B of log Σⱼ exp l[i,j] − l[i,i], where l[i,j] = cos(h[i], h[B+j]) / τ for the
    /// positives and, where h has 3B rows, the hard negatives, to whose l[i,B+i] the weight is added, and l[i,·] =
    /// cos(h[i], queue[q]) / τ for the rows of the queue. h [2B,E] or [3B,E], queue [negatives,E]. Of the others' texts
    /// those are left out that are the text of i or of its positive, and the positives of rows with the text of i.
    /// </summary>
    public static double Loss(
        double[] h, double[] queue, double temperature, int pairs, int size, int[] texts, double hardNegativeWeight)
    {
        double loss = 0;
        int views = h.Length / size / pairs;
        for (int i = 0; i < pairs; i++)
        {
            List<double> logits = [];
            for (int view = 1; view < views; view++)
                for (int j = 0; j < pairs; j++)
                {
                    int[] left = [texts[i], texts[pairs + i]];
                    bool isSame = left.Contains(texts[view * pairs + j]) || (view == 1 && texts[j] == texts[i]);
                    if (isSame && (view, j) != (1, i)) continue;
                    double weight = view == 2 && i == j ? hardNegativeWeight : 0;
                    logits.Add(Cosine(h, i, h, view * pairs + j, size) / temperature + weight);
                }
            for (int q = 0; q < queue.Length / size; q++) logits.Add(Cosine(h, i, queue, q, size) / temperature);
            double max = logits.Max();
            double own = Cosine(h, i, h, pairs + i, size) / temperature;
            loss += Math.Log(logits.Sum(logit => Math.Exp(logit - max))) + max - own;
        }
        return loss / pairs;
    }

    /// <summary>Computes the loss of pairs whose texts all differ.</summary>
    public static double Loss(double[] h, double[] queue, double temperature, int pairs, int size) =>
        Loss(h, queue, temperature, pairs, size, [.. Enumerable.Range(0, h.Length / size)], hardNegativeWeight: 0);

    /// <summary>Computes the cosine of row i of x and row j of y, each norm at least 1e-8.</summary>
    static double Cosine(double[] x, int i, double[] y, int j, int size)
    {
        double xx = 0;
        double yy = 0;
        double xy = 0;
        for (int c = 0; c < size; c++)
        {
            xx += x[i * size + c] * x[i * size + c];
            yy += y[j * size + c] * y[j * size + c];
            xy += x[i * size + c] * y[j * size + c];
        }
        return xy / Math.Max(Math.Sqrt(xx), 1e-8) / Math.Max(Math.Sqrt(yy), 1e-8);
    }
}

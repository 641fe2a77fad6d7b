namespace EsimCse.Tests.Reference;

static class Contrastive
{
    /// <summary>
    /// Computes the mean over i &lt; B of log Σⱼ exp l[i,j] − l[i,i], where l[i,j] = cos(h[i], h[B+j]) / τ for the B
    /// positives and l[i,B+q] = cos(h[i], queue[q]) / τ for the negatives. h [2B,E], queue [negatives,E].
    /// </summary>
    public static double Loss(double[] h, double[] queue, double temperature, int pairs, int negatives, int size)
    {
        double loss = 0;
        for (int i = 0; i < pairs; i++)
        {
            double[] logits =
            [
                .. Enumerable.Range(0, pairs).Select(j => Cosine(h, i, h, pairs + j, size) / temperature),
                .. Enumerable.Range(0, negatives).Select(q => Cosine(h, i, queue, q, size) / temperature),
            ];
            double max = logits.Max();
            loss += Math.Log(logits.Sum(logit => Math.Exp(logit - max))) + max - logits[i];
        }
        return loss / pairs;
    }

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

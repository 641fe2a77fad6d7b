namespace EsimCse.Tests.Reference;

static class Contrastive
{
    /// <summary>h [2B,E], queue [Q,E].</summary>
    public static double Loss(double[] h, double[] queue, double temperature, int pairs, int held, int size)
    {
        double loss = 0;
        for (int i = 0; i < pairs; i++)
        {
            double[] logits = [.. Enumerable.Range(0, pairs).Select(j => Cosine(h, i, h, pairs + j, size) / temperature), .. Enumerable.Range(0, held).Select(q => Cosine(h, i, queue, q, size) / temperature)];
            double largest = logits.Max();
            loss += Math.Log(logits.Sum(logit => Math.Exp(logit - largest))) + largest - logits[i];
        }
        return loss / pairs;
    }

    static double Cosine(double[] x, int row, double[] y, int other, int size)
    {
        (double xx, double yy, double xy) = (0, 0, 0);
        for (int c = 0; c < size; c++)
        {
            xx += x[row * size + c] * x[row * size + c];
            yy += y[other * size + c] * y[other * size + c];
            xy += x[row * size + c] * y[other * size + c];
        }
        return xy / Math.Max(Math.Sqrt(xx), 1e-8) / Math.Max(Math.Sqrt(yy), 1e-8);
    }
}

namespace EsimCse.Tests.Reference;

static class CrossEntropy
{
    /// <summary>
    /// Computes Σ over rows of log Σᵥ exp logits[i,v] − logits[i,label[i]], divided by the number of labels; rows of
    /// label −1 are left out.
    /// </summary>
    public static double Loss(double[] logits, int[] labels, int columns)
    {
        double loss = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] < 0) continue;
            double[] row = logits[(i * columns)..((i + 1) * columns)];
            double max = row.Max();
            loss += Math.Log(row.Sum(logit => Math.Exp(logit - max))) + max - row[labels[i]];
        }
        return loss / Math.Max(1, labels.Count(label => label >= 0));
    }

    /// <summary>Computes the gradient of the loss: (softmax − [v = label]) / number of labels.</summary>
    public static double[] Gradient(double[] logits, int[] labels, int columns)
    {
        double[] gradient = new double[logits.Length];
        int count = labels.Count(label => label >= 0);
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] < 0) continue;
            double[] row = logits[(i * columns)..((i + 1) * columns)];
            double max = row.Max();
            double sum = row.Sum(logit => Math.Exp(logit - max));
            for (int v = 0; v < columns; v++)
            {
                double target = v == labels[i] ? 1 : 0;
                gradient[i * columns + v] = (Math.Exp(row[v] - max) / sum - target) / count;
            }
        }
        return gradient;
    }
}

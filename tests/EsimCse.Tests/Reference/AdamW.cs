namespace EsimCse.Tests.Reference;

static class AdamW
{
    public static void Step(double[] parameters, double[] gradients, double[] m, double[] v, double[] average, int step, double rate, double clip, double decay, double momentum)
    {
        for (int i = 0; i < parameters.Length; i++)
        {
            average[i] = momentum * average[i] + (1 - momentum) * parameters[i];
            double g = clip * gradients[i];
            parameters[i] *= 1 - rate * decay;
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            parameters[i] -= rate * (m[i] / (1 - Math.Pow(0.9, step))) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.999, step))) + 1e-8);
        }
    }
}

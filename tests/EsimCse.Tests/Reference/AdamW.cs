namespace EsimCse.Tests.Reference;

static class AdamW
{
    const double Beta1 = 0.9;
    const double Beta2 = 0.999;
    const double Epsilon = 1e-8;

    /// <summary>
    /// Updates θ, m, v and the EMA in place, with g = clip · gradient: ema = μ ema + (1 − μ) θ; θ = θ (1 − η λ);
    /// m = β₁ m + (1 − β₁) g; v = β₂ v + (1 − β₂) g²; θ = θ − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε).
    /// </summary>
    public static void Update(
        double[] theta, double[] gradients, double[] m, double[] v, double[] ema,
        int step, double rate, double clip, double decay, double emaDecay)
    {
        for (int i = 0; i < theta.Length; i++)
        {
            double g = clip * gradients[i];
            ema[i] = emaDecay * ema[i] + (1 - emaDecay) * theta[i];
            theta[i] *= 1 - rate * decay;
            m[i] = Beta1 * m[i] + (1 - Beta1) * g;
            v[i] = Beta2 * v[i] + (1 - Beta2) * g * g;
            double mHat = m[i] / (1 - Math.Pow(Beta1, step));
            double vHat = v[i] / (1 - Math.Pow(Beta2, step));
            theta[i] -= rate * mHat / (Math.Sqrt(vHat) + Epsilon);
        }
    }
}

using System.Numerics.Tensors;

namespace EsimCse.Core.Evaluation.Transfer;

/// <summary>The negative logarithm of the probability that scores give to a class.</summary>
static class LogLoss
{
    /// <summary>
    /// Computes the loss of one score (sigmoid, of class 1) or of one per class (softmax), and replaces the scores by
    /// its derivatives.
    /// </summary>
    public static double Compute(Span<double> scores, int label) =>
        scores.Length == 1 ? Sigmoid(ref scores[0], label) : Softmax(scores, label);

    static double Sigmoid(ref double score, int label)
    {
        double z = score;
        double exp = Math.Exp(-Math.Abs(z));
        double probability = (z >= 0 ? 1 : exp) / (1 + exp);
        score = probability - label;
        double signed = label == 1 ? z : -z;
        return Math.Max(0, -signed) + Math.Log(1 + exp);
    }

    static double Softmax(Span<double> scores, int label)
    {
        double max = TensorPrimitives.Max<double>(scores);
        double own = scores[label] - max;
        TensorPrimitives.Subtract(scores, max, scores);
        TensorPrimitives.Exp(scores, scores);
        double sum = TensorPrimitives.Sum<double>(scores);
        TensorPrimitives.Divide(scores, sum, scores);
        scores[label] -= 1;
        return Math.Log(sum) - own;
    }
}

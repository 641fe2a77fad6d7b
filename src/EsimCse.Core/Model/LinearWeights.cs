using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>The parameters of a linear layer, y = x Wᵀ + b.</summary>
/// <param name="Weight">[N,K].</param>
/// <param name="Bias">[1,N].</param>
readonly record struct LinearWeights(Matrix Weight, Matrix Bias)
{
    /// <summary>Returns the rows [first, first + count) of the weight with their biases.</summary>
    public LinearWeights Slice(int first, int count)
    {
        Matrix biases = Bias.Reshape(Bias.Columns, 1).Slice(first, count);
        return new LinearWeights(Weight.Slice(first, count), biases.Reshape(1, count));
    }
}

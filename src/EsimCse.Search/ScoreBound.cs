using EsimCse.Core;

namespace EsimCse.Search;

/// <summary>
/// The lowest fp32 score with which a row of norm n may still be one of a query's best: <see cref="Slope"/> n +
/// <see cref="Offset"/>, plus n² / 2 for the Euclidean distance.
/// </summary>
/// <remarks>
/// The product of vectors x and y of K elements in fp32 has an error of at most about K 2⁻²⁴ ‖x‖ ‖y‖ (Higham, Accuracy
/// and Stability of Numerical Algorithms, §3.1). The bounds allow four times that.
/// </remarks>
/// <param name="Slope">The factor of a row's norm.</param>
/// <param name="Offset">The rest; negative infinity for no bound.</param>
readonly record struct ScoreBound(float Slope, float Offset)
{
    /// <summary>Relative rounding errors of a few operations in fp32.</summary>
    const double Rounding = 1e-6;

    /// <summary>The bound that every row passes.</summary>
    public static ScoreBound None { get; } = new(0, float.NegativeInfinity);

    /// <summary>Whether fp32 neither overflows nor loses digits in products of a vector, by its norm.</summary>
    public static bool IsInRange(double norm) => norm is >= 1e-18 and <= 1e18;

    /// <summary>Returns the relative error of norms and products of vectors that the bounds allow for.</summary>
    public static double Error(int dimension) => (dimension + 32) / (double)(1 << 23);

    /// <summary>Computes the bound of a query.</summary>
    /// <param name="function">The similarity. For the cosine the query of the product has norm 1.</param>
    /// <param name="norm">The query's norm.</param>
    /// <param name="lowest">The lowest similarity that is of use.</param>
    /// <param name="error">The <see cref="Error"/> of the dimension.</param>
    public static ScoreBound Compute(SimilarityFunction function, double norm, double lowest, double error)
    {
        if (double.IsNegativeInfinity(lowest) || !IsInRange(norm)) return None;
        switch (function)
        {
            case SimilarityFunction.Cosine:
                return new((float)(lowest - 2 * error), 0);
            case SimilarityFunction.Dot:
                return new((float)(-2 * error * norm), (float)(lowest - Rounding * Math.Abs(lowest)));
            case SimilarityFunction.Euclidean:
                // ‖x − y‖² ≤ lowest² is x·y ≥ (‖x‖² − lowest²) / 2 + ‖y‖² / 2.
                (double squares, double limit) = (norm * norm, lowest * lowest);
                double offset = (squares - limit) / 2 - Rounding * (squares + limit);
                return new((float)(-2 * error * norm), (float)offset);
            default:
                return new(0, (float)(lowest + 2 * error * lowest));
        }
    }

    /// <summary>Returns the part of the bound that depends on the row alone.</summary>
    public static float RowOffset(SimilarityFunction function, float norm, double error) =>
        function == SimilarityFunction.Euclidean ? (float)((double)norm * norm / 2 * (1 - 4 * error)) : 0;
}

namespace EsimCse.Search;

/// <summary>A row that may be one of a query's best, by its first score.</summary>
/// <param name="Row">The row's number.</param>
/// <param name="Product">The first score times the scales of row and query.</param>
/// <param name="Norm">The row's norm in <see cref="BlockTerms"/>.</param>
/// <param name="Error">The error of its rounding there.</param>
/// <param name="Offset">The offset of its bound there.</param>
readonly record struct RowInDoubt(long Row, float Product, float Norm, float Error, float Offset)
{
    /// <summary>
    /// Returns by how much the product exceeds the bound; the product itself where there is no bound.
    /// </summary>
    public float Margin(float slope, float errorSlope, float offset)
    {
        float bound = offset + Offset + slope * Norm + errorSlope * Error;
        return float.IsNegativeInfinity(bound) ? Product : Product - bound;
    }
}

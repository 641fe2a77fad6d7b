using EsimCse.Core;

namespace EsimCse.Cuda.Matmul;

/// <summary>
/// A matrix product as cuBLASLt sees it, in column-major order: D = op(A) op(B) + bias, or D += op(A) op(B) if
/// <see cref="Accumulate"/>. D is [<see cref="Rows"/>, <see cref="Columns"/>], the sum runs over <see cref="Inner"/>.
/// The engine's row-major Y = X Wᵀ is Yᵀ = W Xᵀ here.
/// </summary>
/// <param name="Rows">Rows of D.</param>
/// <param name="Columns">Columns of D.</param>
/// <param name="Inner">Columns of op(A) and rows of op(B).</param>
/// <param name="TransposeA">Whether op(A) is Aᵀ.</param>
/// <param name="TransposeB">Whether op(B) is Bᵀ.</param>
/// <param name="Input">Element type of A and B.</param>
/// <param name="Output">Element type of D.</param>
/// <param name="Bias">Element type of the bias, or null without one.</param>
/// <param name="Accumulate">Whether the product is added to D.</param>
/// <param name="Batch">Products of this shape that are computed as one, or null for a single one.</param>
/// <param name="BatchInvariant">
/// Whether a column of D may not depend on the number of columns: one algorithm, without split-K, serves every number.
/// </param>
readonly record struct MatmulShape(
    int Rows,
    int Columns,
    int Inner,
    bool TransposeA,
    bool TransposeB,
    ElementType Input,
    ElementType Output,
    ElementType? Bias,
    bool Accumulate,
    MatmulBatch? Batch = null,
    bool BatchInvariant = false)
{
    /// <summary>The identity of the shape's algorithm: if batch-invariant, that of any number of columns.</summary>
    // Not public, as ToString prints public members.
    internal MatmulShape Key => BatchInvariant ? this with { Columns = 0 } : this;

    /// <summary>The key in the file of tuned algorithms; its format must not change.</summary>
    public string FileKey
    {
        get
        {
            string sizes = $"Rows = {Rows}, Columns = {Key.Columns}, Inner = {Inner}";
            string operands = $"TransposeA = {TransposeA}, TransposeB = {TransposeB}";
            string types = $"Input = {Input}, Output = {Output}, Bias = {Bias}";
            string batch = Batch is { } products ? $", Batch = {products.Count}" : "";
            return $"ProductShape {{ {sizes}, {operands}, {types}, Accumulate = {Accumulate}{batch} }}";
        }
    }
}

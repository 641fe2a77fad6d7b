namespace EsimCse.Core.Backend;

/// <summary>
/// The masked tokens of a packed batch of T rows in device memory. Of the N rows of <see cref="Rows"/> the first
/// <see cref="Count"/> are used.
/// </summary>
/// <param name="Ids">Int32 [1,T]: the ids with the chosen tokens replaced.</param>
/// <param name="Slots">Int32 [1,T]: the index of a chosen token among the chosen ones; −1 for the others.</param>
/// <param name="Rows">Int32 [1,N]: the rows of the chosen tokens, ascending; then −1.</param>
/// <param name="Labels">Int32 [1,N]: the ids of the chosen tokens before they were replaced; then −1.</param>
/// <param name="Count">Int32 [1,1]: the number of chosen tokens.</param>
public readonly record struct MaskedTokens(Matrix Ids, Matrix Slots, Matrix Rows, Matrix Labels, Matrix Count)
{
    /// <summary>
    /// Allocates the matrices, of undefined content. Their memory depends on T only, so that the addresses of what
    /// follows in the arena do not change with N.
    /// </summary>
    /// <param name="arena">The memory.</param>
    /// <param name="tokens">T.</param>
    /// <param name="rows">N, at most T.</param>
    public static MaskedTokens Allocate(Arena arena, int tokens, int rows)
    {
        ArgumentNullException.ThrowIfNull(arena);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, tokens);
        Matrix ids = Allocate(tokens), slots = Allocate(tokens);
        Matrix chosen = Allocate(tokens), labels = Allocate(tokens);
        return new(ids, slots, chosen with { Columns = rows }, labels with { Columns = rows }, Allocate(1));

        Matrix Allocate(int columns) => arena.Allocate(1, columns, ElementType.Int32);
    }
}

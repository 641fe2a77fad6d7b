namespace EsimCse.Core.Backend;

/// <summary>Sentences end to end, without padding between them, in device memory.</summary>
/// <param name="Ids">Int32 [1,T]: token ids, special tokens included.</param>
/// <param name="Positions">Int32 [1,T]: the position of each token in its sentence, from 0.</param>
/// <param name="Offsets">
/// Int32 [1,S+1]: the row of each sentence's first token, then the end of the last sentence.
/// </param>
/// <param name="Sentences">S, at least 0.</param>
/// <param name="Tokens">
/// T, rows. Rows from the last offset on are padding (<see cref="IBackend.TokenPadding"/>).
/// </param>
/// <param name="LongestSentence">An upper bound of the tokens of a sentence, which sizes scratch memory.</param>
public readonly record struct PackedBatch(
    Matrix Ids,
    Matrix Positions,
    Matrix Offsets,
    int Sentences,
    int Tokens,
    int LongestSentence)
{
    /// <summary>
    /// Returns the first sentences as a batch in the same memory. Its padding rows are the rows that follow.
    /// </summary>
    /// <param name="sentences">The number of sentences.</param>
    /// <param name="rows">The number of their tokens, rounded up to <see cref="IBackend.TokenPadding"/>.</param>
    internal PackedBatch First(int sentences, int rows) => this with
    {
        Ids = Ids with { Columns = rows },
        Positions = Positions with { Columns = rows },
        Offsets = Offsets with { Columns = sentences + 1 },
        Sentences = sentences,
        Tokens = rows,
    };
}

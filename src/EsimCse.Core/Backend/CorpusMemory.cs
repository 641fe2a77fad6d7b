namespace EsimCse.Core.Backend;

/// <summary>The training sentences in device memory: C sentences.</summary>
/// <param name="Tokens">Int32 [1,·]: the token ids of all sentences end to end, special tokens included.</param>
/// <param name="Starts">Int32 [1,C+1]: the index of each sentence's first token, then the number of tokens.</param>
/// <param name="Lines">Int32 [1,C]: the line number of each sentence in the corpus.</param>
/// <param name="Order">Int32 [1,C]: the epoch's order of the sentences.</param>
public readonly record struct CorpusMemory(Matrix Tokens, Matrix Starts, Matrix Lines, Matrix Order);

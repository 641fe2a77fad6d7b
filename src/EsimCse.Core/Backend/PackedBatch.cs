namespace EsimCse.Core.Backend;

/// <summary>Sentences end to end, without padding, in device memory.</summary>
/// <param name="Ids">Int32 [1,T]: token ids, specials included.</param>
/// <param name="Positions">Int32 [1,T]: the place of each token in its sentence.</param>
/// <param name="Offsets">Int32 [1,S+1]: where each sentence starts, and the last ends.</param>
/// <param name="Sentences">S, at least 0.</param>
/// <param name="Tokens">T: rows, of which those from the last offset on belong to no sentence (<see cref="IBackend.TokenPadding"/>).</param>
/// <param name="LongestSentence">No sentence has more tokens: what sizes scratch memory.</param>
public readonly record struct PackedBatch(Matrix Ids, Matrix Positions, Matrix Offsets, int Sentences, int Tokens, int LongestSentence);

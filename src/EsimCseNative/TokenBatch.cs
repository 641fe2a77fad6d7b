namespace EsimCseNative;

/// <summary>Tokenized sentences that the device computes together.</summary>
/// <param name="Sentences">The ids of each sentence, special tokens included, at least one of each.</param>
/// <param name="IsUrgent">Whether the vectors are wanted before the next batch is known.</param>
readonly record struct TokenBatch(IReadOnlyList<int[]> Sentences, bool IsUrgent);

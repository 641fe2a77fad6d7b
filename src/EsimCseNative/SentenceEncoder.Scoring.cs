using EsimCse.Core.Evaluation;

namespace EsimCseNative;

/// <content>Scores on sets of semantic textual similarity.</content>
public sealed partial class SentenceEncoder
{
    /// <summary>Computes the score on the pairs of one set.</summary>
    internal SetScore Score(IReadOnlyList<ScoredPair> pairs, CancellationToken cancellation = default)
    {
        (float[] vectors, int[] lengths) = EncodeWithLengths(StsSets.Sentences(pairs), cancellation);
        return SetScore.Compute(vectors, Dimension, lengths, pairs);
    }

    /// <summary>Computes the scores on several sets, given by their names.</summary>
    internal StsReport Report(
        IReadOnlyDictionary<string, IReadOnlyList<ScoredPair>> sets, CancellationToken cancellation) =>
        StsReport.Compute(sets, sentences => EncodeWithLengths(sentences, cancellation), Dimension);

    (float[] Vectors, int[] Lengths) EncodeWithLengths(
        IReadOnlyList<string> sentences, CancellationToken cancellation)
    {
        IReadOnlyList<int[]> ids = Tokenize(sentences);
        return (Encode(ids, cancellation), [.. ids.Select(sentence => sentence.Length)]);
    }
}

using EsimCse.Core;
using EsimCse.Core.Evaluation;

namespace EsimCseNative;

/// <content>Similarities, and scores on sets of semantic textual similarity.</content>
public sealed partial class SentenceEncoder
{
    /// <summary>The function that compares vectors: the folder's, the cosine by default.</summary>
    public SimilarityFunction SimilarityFunction => Folder.Similarity;

    /// <summary>Computes the similarity of two sentences by <see cref="SimilarityFunction"/>.</summary>
    /// <exception cref="InvalidInputException">A vector is not finite.</exception>
    public double Similarity(string first, string second)
    {
        float[][] vectors = Encode([first, second]);
        return EsimCse.Core.Similarity.Compute(SimilarityFunction, vectors[0], vectors[1]);
    }

    /// <summary>Computes the score on the pairs of one set.</summary>
    internal SetScore Score(IReadOnlyList<ScoredPair> pairs, CancellationToken cancellation = default)
    {
        (float[] vectors, int[] lengths) = EncodeWithLengths(StsSets.Sentences(pairs), cancellation);
        return SetScore.Compute(vectors, Dimension, lengths, pairs, SimilarityFunction);
    }

    /// <summary>Computes the scores on several sets, given by their names.</summary>
    internal StsReport Report(
        IReadOnlyDictionary<string, IReadOnlyList<ScoredPair>> sets, CancellationToken cancellation) =>
        StsReport.Compute(
            sets,
            sentences => EncodeWithLengths(sentences, cancellation),
            Dimension,
            SimilarityFunction);

    (float[] Vectors, int[] Lengths) EncodeWithLengths(
        IReadOnlyList<string> sentences, CancellationToken cancellation)
    {
        IReadOnlyList<int[]> ids = Tokenize(sentences);
        return (Encode(ids, cancellation), [.. ids.Select(sentence => sentence.Length)]);
    }
}

using EsimCse.Core.Evaluation;
using EsimCseNative;

namespace EsimCse.Tests.Support;

static class StsScore
{
    /// <summary>Computes an encoder's score on scored pairs.</summary>
    public static SetScore Compute(SentenceEncoder encoder, IReadOnlyList<ScoredPair> pairs)
    {
        IReadOnlyList<int[]> ids = encoder.Tokenize([.. pairs.SelectMany(pair => new[] { pair.First, pair.Second })]);
        int[] lengths = [.. ids.Select(sentence => sentence.Length)];
        return SetScore.Compute(encoder.Encode(ids), encoder.Dimension, lengths, pairs);
    }
}

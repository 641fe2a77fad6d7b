using System.Security.Cryptography;
using System.Text;
using EsimCse.Core.Backend;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>The score by which the best model is kept: Spearman's correlation on the STS benchmark's dev set.</summary>
sealed class DevScore : IDisposable
{
    readonly IReadOnlyList<ScoredPair> _pairs;
    readonly List<int[]> _sentences = [];
    readonly Embedder _embedder;
    readonly int _hidden;

    public DevScore(IBackend backend, BertConfig config, Pooler pooler, BertTokenizer tokenizer, int maxLength, IReadOnlyList<ScoredPair> pairs)
    {
        (_pairs, _hidden, _embedder) = (pairs, config.HiddenSize, new Embedder(backend, config, pooler));
        List<int> ids = [];
        foreach (string sentence in pairs.SelectMany(pair => new[] { pair.First, pair.Second }))
        {
            ids.Clear();
            tokenizer.Encode(sentence, maxLength, ids);
            _sentences.Add([.. ids]);
        }
    }

    /// <summary>A digest of the pairs: a resumed run must be scored by the same.</summary>
    public static string Digest(IEnumerable<ScoredPair> pairs) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', pairs.Select(pair => FormattableString.Invariant($"{pair.Gold}\t{pair.First}\t{pair.Second}"))))));

    public double Compute(BertWeights weights) =>
        SetScore.Compute(_embedder.Embed(weights, _sentences), _hidden, [.. _sentences.Select(ids => ids.Length)], _pairs).Spearman;

    public void Dispose() => _embedder.Dispose();
}

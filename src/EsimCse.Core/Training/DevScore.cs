using System.Security.Cryptography;
using System.Text;
using EsimCse.Core.Backend;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Text;

namespace EsimCse.Core.Training;

/// <summary>
/// The score by which the best model is chosen: Spearman's correlation on the STS benchmark's dev set.
/// </summary>
sealed class DevScore : IDisposable
{
    readonly IReadOnlyList<ScoredPair> _pairs;
    readonly HostBatch[] _batches;
    readonly int[] _lengths;
    readonly Embedder _embedder;
    readonly int _hiddenSize;

    public DevScore(
        IBackend backend,
        BertConfig config,
        Pooler pooler,
        BertTokenizer tokenizer,
        int maxLength,
        IReadOnlyList<ScoredPair> pairs)
    {
        _pairs = pairs;
        _hiddenSize = config.HiddenSize;
        _embedder = new Embedder(backend, config, pooler);
        List<int> ids = [];
        List<int[]> all = [];
        foreach (string sentence in StsSets.Sentences(pairs))
        {
            ids.Clear();
            tokenizer.Encode(sentence, maxLength, ids);
            all.Add([.. ids]);
        }
        _lengths = [.. all.Select(sentence => sentence.Length)];
        _batches = [.. _embedder.Pack(all)];
    }

    /// <summary>Returns a digest of the pairs: they determine which model is the best.</summary>
    public static string Digest(IEnumerable<ScoredPair> pairs)
    {
        IEnumerable<string> lines =
            pairs.Select(pair => FormattableString.Invariant($"{pair.Gold}\t{pair.First}\t{pair.Second}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
    }

    /// <summary>Embeds the dev set and scores it.</summary>
    public DevEvaluation Compute(BertWeights weights)
    {
        using IDisposable? frozen = _embedder.FreezeWeights(weights);
        return DevEvaluation.Compute(_embedder.EmbedAll(weights, _batches), _hiddenSize, _lengths, _pairs);
    }

    public void Dispose() => _embedder.Dispose();
}

namespace EsimCse.Core.Model;

/// <summary>The parameters of one encoder layer.</summary>
/// <param name="Qkv">Query, key and value: [3H,H].</param>
/// <param name="Output">The attention's output projection: [H,H].</param>
/// <param name="OutputNorm">The normalisation after the attention.</param>
/// <param name="Up">The feed-forward's first projection: [F,H].</param>
/// <param name="Down">The feed-forward's second projection: [H,F].</param>
/// <param name="Norm">The normalisation after the feed-forward.</param>
sealed record LayerWeights(
    LinearWeights Qkv,
    LinearWeights Output,
    NormWeights OutputNorm,
    LinearWeights Up,
    LinearWeights Down,
    NormWeights Norm);

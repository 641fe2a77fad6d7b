using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>
/// The parameters of the masked-language head, from a token's vector to logits over the vocabulary: dense, activation,
/// layer normalisation, decoder. The decoder's weights are the word embeddings.
/// </summary>
/// <param name="Dense">[H,H] with its bias.</param>
/// <param name="Norm">The normalisation before the decoder.</param>
/// <param name="Bias">[1,V]: the decoder's bias, in fp32 as the logits.</param>
readonly record struct MaskedLanguageHeadWeights(LinearWeights Dense, NormWeights Norm, Matrix Bias);

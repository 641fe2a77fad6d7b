using EsimCse.Core.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace EsimCse.Peers;

/// <summary>BERT on padded batches, out of libtorch's operations, by the names of its parameters.</summary>
sealed class TorchBert(BertConfig config, IReadOnlyDictionary<string, Tensor> parameters)
{
    /// <summary>The last layer's vectors of the first tokens: [S,H]. ids [S,L] int64; present [S,L] is false where a sentence has ended.</summary>
    public Tensor FirstTokens(Tensor ids, Tensor present, TorchDropout dropout)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor absent = zeros_like(present, dtype: ScalarType.Float32).masked_fill(present.logical_not(), float.NegativeInfinity).unsqueeze(1).unsqueeze(1);
        Tensor x = parameters["embeddings.word_embeddings.weight"].index_select(0, ids.flatten()).view(ids.shape[0], ids.shape[1], config.HiddenSize)
            + parameters["embeddings.position_embeddings.weight"].narrow(0, 0, ids.shape[1]) + parameters["embeddings.token_type_embeddings.weight"][0];
        x = dropout.OfRows(Norm(x, "embeddings.LayerNorm"), 0);
        for (int layer = 0; layer < config.Layers; layer++) x = Layer(x, absent, layer, dropout);
        return x.select(1, 0).MoveToOuterDisposeScope();
    }

    public Tensor Head(Tensor pooled) => Linear(pooled, "pooler.dense").tanh();

    Tensor Layer(Tensor x, Tensor absent, int layer, TorchDropout dropout)
    {
        (string prefix, int site) = ($"encoder.layer.{layer}.", BertForward.AttentionSite(layer));
        Tensor query = Heads(x, prefix + "attention.self.query"), key = Heads(x, prefix + "attention.self.key"), value = Heads(x, prefix + "attention.self.value");
        Tensor weights = dropout.OfAttention((matmul(query, key.transpose(2, 3)) / Math.Sqrt(config.HeadSize) + absent).softmax(-1), layer);
        Tensor context = matmul(weights, value).transpose(1, 2).reshape(x.shape);
        x = Norm(dropout.OfRows(Linear(context, prefix + "attention.output.dense"), site + 1) + x, prefix + "attention.output.LayerNorm");
        Tensor wide = nn.functional.gelu(Linear(x, prefix + "intermediate.dense"));
        return Norm(dropout.OfRows(Linear(wide, prefix + "output.dense"), site + 2) + x, prefix + "output.LayerNorm");
    }

    Tensor Heads(Tensor x, string name) => Linear(x, name).view(x.shape[0], x.shape[1], config.Heads, config.HeadSize).transpose(1, 2);

    Tensor Linear(Tensor x, string name) => nn.functional.linear(x, parameters[name + ".weight"], parameters[name + ".bias"]);

    Tensor Norm(Tensor x, string name) => nn.functional.layer_norm(x, [config.HiddenSize], parameters[name + ".weight"], parameters[name + ".bias"], config.LayerNormEpsilon);
}

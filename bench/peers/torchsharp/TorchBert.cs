using EsimCse.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace EsimCse.Peers;

/// <summary>BERT on padded batches, out of libtorch's operations, by the names of its parameters.</summary>
sealed class TorchBert(BertConfig config, IReadOnlyDictionary<string, Tensor> parameters)
{
    /// <summary>The last layer's vectors of the first tokens: [S,H]. ids [S,L] int64; present [S,L] is false where a sentence has ended.</summary>
    public Tensor FirstTokens(Tensor ids, Tensor present, double dropout)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor absent = zeros_like(present, dtype: ScalarType.Float32).masked_fill(present.logical_not(), float.NegativeInfinity).unsqueeze(1).unsqueeze(1);
        Tensor x = parameters["embeddings.word_embeddings.weight"].index_select(0, ids.flatten()).view(ids.shape[0], ids.shape[1], config.HiddenSize)
            + parameters["embeddings.position_embeddings.weight"].narrow(0, 0, ids.shape[1]) + parameters["embeddings.token_type_embeddings.weight"][0];
        x = Drop(Norm(x, "embeddings.LayerNorm"), dropout);
        for (int layer = 0; layer < config.Layers; layer++) x = Layer(x, absent, $"encoder.layer.{layer}.", dropout);
        return x.select(1, 0).MoveToOuterDisposeScope();
    }

    public Tensor Head(Tensor pooled) => Linear(pooled, "pooler.dense").tanh();

    Tensor Layer(Tensor x, Tensor absent, string prefix, double dropout)
    {
        Tensor query = Heads(x, prefix + "attention.self.query"), key = Heads(x, prefix + "attention.self.key"), value = Heads(x, prefix + "attention.self.value");
        Tensor weights = Drop((matmul(query, key.transpose(2, 3)) / Math.Sqrt(config.HeadSize) + absent).softmax(-1), dropout);
        Tensor context = matmul(weights, value).transpose(1, 2).reshape(x.shape);
        x = Norm(Drop(Linear(context, prefix + "attention.output.dense"), dropout) + x, prefix + "attention.output.LayerNorm");
        Tensor wide = nn.functional.gelu(Linear(x, prefix + "intermediate.dense"));
        return Norm(Drop(Linear(wide, prefix + "output.dense"), dropout) + x, prefix + "output.LayerNorm");
    }

    Tensor Heads(Tensor x, string name) => Linear(x, name).view(x.shape[0], x.shape[1], config.Heads, config.HeadSize).transpose(1, 2);

    Tensor Linear(Tensor x, string name) => nn.functional.linear(x, parameters[name + ".weight"], parameters[name + ".bias"]);

    Tensor Norm(Tensor x, string name) => nn.functional.layer_norm(x, [config.HiddenSize], parameters[name + ".weight"], parameters[name + ".bias"], config.LayerNormEpsilon);

    static Tensor Drop(Tensor x, double dropout) => dropout > 0 ? nn.functional.dropout(x, dropout, training: true) : x;
}

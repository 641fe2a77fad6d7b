using EsimCse.Core.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace EsimCse.Peers;

/// <summary>BERT on padded batches out of libtorch's operations; parameters are looked up by name.</summary>
sealed class TorchBert(BertConfig config, IReadOnlyDictionary<string, Tensor> parameters)
{
    /// <summary>Computes the last layer's [CLS] vectors, [S,H].</summary>
    /// <param name="ids">Token ids, int64 [S,L].</param>
    /// <param name="present">False where a sentence has ended, [S,L].</param>
    /// <param name="dropout">The dropout of the pass.</param>
    public Tensor ClsVectors(Tensor ids, Tensor present, TorchDropout dropout)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor absent = zeros_like(present, dtype: ScalarType.Float32)
            .masked_fill(present.logical_not(), float.NegativeInfinity)
            .unsqueeze(1)
            .unsqueeze(1);
        Tensor x = dropout.ApplyToRows(Norm(Embed(ids), "embeddings.LayerNorm"), 0);
        for (int layer = 0; layer < config.Layers; layer++) x = Layer(x, absent, layer, dropout);
        return x.select(1, 0).MoveToOuterDisposeScope();
    }

    public Tensor Head(Tensor pooled) => Linear(pooled, "pooler.dense").tanh();

    Tensor Embed(Tensor ids)
    {
        long length = ids.shape[1];
        Tensor words = parameters["embeddings.word_embeddings.weight"].index_select(0, ids.flatten());
        Tensor positions = parameters["embeddings.position_embeddings.weight"].narrow(0, 0, length);
        Tensor type = parameters["embeddings.token_type_embeddings.weight"][0];
        return words.view(ids.shape[0], length, config.HiddenSize) + positions + type;
    }

    Tensor Layer(Tensor x, Tensor absent, int layer, TorchDropout dropout)
    {
        string prefix = $"encoder.layer.{layer}.";
        int site = BertForward.AttentionSite(layer);
        Tensor q = Heads(x, prefix + "attention.self.query");
        Tensor k = Heads(x, prefix + "attention.self.key");
        Tensor v = Heads(x, prefix + "attention.self.value");
        Tensor scores = matmul(q, k.transpose(2, 3)) / Math.Sqrt(config.HeadSize) + absent;
        Tensor p = dropout.ApplyToAttention(scores.softmax(-1), layer);
        Tensor context = matmul(p, v).transpose(1, 2).reshape(x.shape);
        Tensor attention = dropout.ApplyToRows(Linear(context, prefix + "attention.output.dense"), site + 1);
        x = Norm(attention + x, prefix + "attention.output.LayerNorm");
        Tensor wide = nn.functional.gelu(Linear(x, prefix + "intermediate.dense"));
        Tensor down = dropout.ApplyToRows(Linear(wide, prefix + "output.dense"), site + 2);
        return Norm(down + x, prefix + "output.LayerNorm");
    }

    Tensor Heads(Tensor x, string name) =>
        Linear(x, name).view(x.shape[0], x.shape[1], config.Heads, config.HeadSize).transpose(1, 2);

    Tensor Linear(Tensor x, string name) =>
        nn.functional.linear(x, parameters[name + ".weight"], parameters[name + ".bias"]);

    Tensor Norm(Tensor x, string name) => nn.functional.layer_norm(
        x,
        [config.HiddenSize],
        parameters[name + ".weight"],
        parameters[name + ".bias"],
        config.LayerNormEpsilon);
}

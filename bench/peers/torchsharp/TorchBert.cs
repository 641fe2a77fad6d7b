using EsimCse.Core.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace EsimCse.Peers.TorchSharp;

/// <summary>BERT on padded batches out of libtorch's operations; parameters are looked up by name.</summary>
sealed class TorchBert(BertConfig config, IReadOnlyDictionary<string, Tensor> parameters)
{
    /// <summary>Whether the last layer computes the query of [CLS] and what follows from it, and no other.</summary>
    public bool ClsOnly { get; init; }

    /// <summary>The type in which the layers compute; weights of another are converted on each use.</summary>
    public ScalarType Type { get; init; } = ScalarType.Float32;

    /// <summary>Computes the last layer's [CLS] vectors, [S,H], in fp32.</summary>
    /// <param name="ids">Token ids, int64 [S,L].</param>
    /// <param name="present">False where a sentence has ended, [S,L]; null where all are equally long.</param>
    /// <param name="dropout">The dropout of the pass.</param>
    public Tensor ClsVectors(Tensor ids, Tensor? present, TorchDropout dropout)
    {
        using DisposeScope scope = NewDisposeScope();
        return Encode(ids, present, dropout).select(1, 0).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Computes the last layer's vectors, [S,L,H]; [S,1,H] where it computes those of [CLS] only.
    /// </summary>
    public Tensor Encode(Tensor ids, Tensor? present, TorchDropout dropout)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor? mask = present is null ? null : ScoreMask(present);
        Tensor x = dropout.ApplyToRows(Norm(Embed(ids), "embeddings.LayerNorm"), 0);
        for (int layer = 0; layer < config.Layers; layer++) x = Layer(x, mask, layer, dropout);
        return x.MoveToOuterDisposeScope();
    }

    /// <summary>Computes the terms added to the scores of keys: 0, and -infinity behind a sentence's end.</summary>
    Tensor ScoreMask(Tensor present) => zeros_like(present, dtype: Type)
        .masked_fill(present.logical_not(), float.NegativeInfinity)
        .unsqueeze(1)
        .unsqueeze(1);

    /// <summary>Computes the head of training, in the type of its input.</summary>
    public Tensor Head(Tensor pooled) => Linear(pooled, "pooler.dense").tanh();

    Tensor Embed(Tensor ids)
    {
        long length = ids.shape[1];
        Tensor words = parameters["embeddings.word_embeddings.weight"].index_select(0, ids.flatten());
        Tensor positions = parameters["embeddings.position_embeddings.weight"].narrow(0, 0, length);
        Tensor type = parameters["embeddings.token_type_embeddings.weight"][0];
        return (words.view(ids.shape[0], length, config.HiddenSize) + positions + type).to(Type);
    }

    Tensor Layer(Tensor x, Tensor? mask, int layer, TorchDropout dropout)
    {
        string prefix = $"encoder.layer.{layer}.";
        int site = BertForward.AttentionSite(layer);
        Tensor rows = ClsOnly && layer == config.Layers - 1 ? x.narrow(1, 0, 1) : x;
        Tensor q = Heads(rows, prefix + "attention.self.query");
        Tensor k = Heads(x, prefix + "attention.self.key");
        Tensor v = Heads(x, prefix + "attention.self.value");
        Tensor context = Attend(q, k, v, mask, layer, dropout).transpose(1, 2).reshape(rows.shape);
        Tensor attention = dropout.ApplyToRows(Linear(context, prefix + "attention.output.dense"), site + 1);
        x = Norm(attention + rows, prefix + "attention.output.LayerNorm");
        Tensor wide = nn.functional.gelu(Linear(x, prefix + "intermediate.dense"));
        Tensor down = dropout.ApplyToRows(Linear(wide, prefix + "output.dense"), site + 2);
        return Norm(down + x, prefix + "output.LayerNorm");
    }

    Tensor Attend(Tensor q, Tensor k, Tensor v, Tensor? mask, int layer, TorchDropout dropout)
    {
        if (!dropout.UsesMask)
            return nn.functional.scaled_dot_product_attention(q, k, v, mask, dropout.Rate, is_casual: false);
        Tensor scores = matmul(q, k.transpose(2, 3)) / Math.Sqrt(config.HeadSize) + mask!;
        return matmul(dropout.ApplyToAttention(scores.softmax(-1), layer), v);
    }

    Tensor Heads(Tensor x, string name) =>
        Linear(x, name).view(x.shape[0], x.shape[1], config.Heads, config.HeadSize).transpose(1, 2);

    Tensor Linear(Tensor x, string name) =>
        nn.functional.linear(x, Weight(name + ".weight", x.dtype), Weight(name + ".bias", x.dtype));

    Tensor Norm(Tensor x, string name) => nn.functional.layer_norm(
        x,
        [config.HiddenSize],
        Weight(name + ".weight", x.dtype),
        Weight(name + ".bias", x.dtype),
        config.LayerNormEpsilon);

    Tensor Weight(string name, ScalarType type) => parameters[name].to(type);
}

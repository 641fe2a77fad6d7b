using EsimCse.Core.Model;
using EsimCse.Tests.Reference;

namespace EsimCse.Tests.Support;

/// <summary>BERT in double, sentence by sentence, from weights by name: without dropout and without head.</summary>
sealed class ReferenceBert(BertConfig config, IReadOnlyDictionary<string, double[]> weights)
{
    readonly int _hidden = config.HiddenSize;

    /// <summary>Computes the vectors [S,H]: means over the tokens, or those of the first tokens.</summary>
    public double[] Vectors(IEnumerable<int[]> sentences, bool mean) =>
        [.. sentences.SelectMany(ids => Vector(ids, mean))];

    /// <summary>
    /// Computes the contrastive loss of anchors, positives and perhaps hard negatives over a queue [Q,H].
    /// </summary>
    public double Loss(int[][][] views, bool mean, double temperature, double[]? queue = null)
    {
        double[] vectors = Vectors(views.SelectMany(view => view), mean);
        return Contrastive.Loss(vectors, queue ?? [], temperature, views[0].Length, _hidden);
    }

    /// <summary>
    /// Computes the masked-language loss of sentences of masked ids; labels are negative for tokens not chosen.
    /// </summary>
    public double MaskedLanguageLoss(int[][] masked, int[][] labels)
    {
        const string transform = "cls.predictions.transform.";
        int[] all = [.. labels.SelectMany(sentence => sentence)];
        double[] x = [.. masked.SelectMany(TokenVectors)];
        double[] dense = Project(transform + "dense", x, all.Length, _hidden, _hidden);
        double[] activated = Reference.Activation.Forward(dense, config.HiddenActivation);
        double[] normed = Norm(transform + "LayerNorm", activated, new double[x.Length], all.Length);
        double[] logits = Linear.Forward(
            normed, Weight("embeddings.word_embeddings"), weights["cls.predictions.bias"],
            all.Length, config.VocabularySize, _hidden);
        return CrossEntropy.Loss(logits, all, config.VocabularySize);
    }

    double[] Vector(int[] ids, bool mean)
    {
        double[] x = TokenVectors(ids);
        return mean ? MeanPooling.Forward(x, [0, ids.Length], 1, _hidden) : x[.._hidden];
    }

    /// <summary>Computes the last layer's output of a sentence, [n,H].</summary>
    double[] TokenVectors(int[] ids)
    {
        int n = ids.Length;
        int[] positions = [.. Enumerable.Range(0, n)];
        double[] sum = Embedding.Forward(
            ids, positions, Weight("embeddings.word_embeddings"), Weight("embeddings.position_embeddings"),
            Weight("embeddings.token_type_embeddings"), _hidden);
        double[] x = Norm("embeddings.LayerNorm", sum, new double[sum.Length], n);
        for (int layer = 0; layer < config.Layers; layer++) x = Layer($"encoder.layer.{layer}.", x, n);
        return x;
    }

    double[] Layer(string prefix, double[] x, int n)
    {
        int f = config.IntermediateSize;
        double[] context = Attention.Forward(
            Project(prefix + "attention.self.query", x, n, _hidden, _hidden),
            Project(prefix + "attention.self.key", x, n, _hidden, _hidden),
            Project(prefix + "attention.self.value", x, n, _hidden, _hidden),
            Ones(config.Heads * n * n), n, n, _hidden, config.Heads);
        double[] attended = Project(prefix + "attention.output.dense", context, n, _hidden, _hidden);
        double[] middle = Norm(prefix + "attention.output.LayerNorm", attended, x, n);
        double[] up = Project(prefix + "intermediate.dense", middle, n, f, _hidden);
        double[] activated = Reference.Activation.Forward(up, config.HiddenActivation);
        double[] down = Project(prefix + "output.dense", activated, n, _hidden, f);
        return Norm(prefix + "output.LayerNorm", down, middle, n);
    }

    double[] Project(string module, double[] x, int rows, int outputs, int inputs) =>
        Linear.Forward(x, Weight(module), Bias(module), rows, outputs, inputs);

    double[] Norm(string module, double[] x, double[] residual, int rows) => LayerNorm.Forward(
        x, new double[_hidden], residual, Ones(x.Length), Weight(module), Bias(module),
        config.LayerNormEpsilon, rows, _hidden).Y;

    double[] Weight(string module) => weights[module + ".weight"];

    double[] Bias(string module) => weights[module + ".bias"];

    static double[] Ones(int count) => [.. Enumerable.Repeat(1.0, count)];
}

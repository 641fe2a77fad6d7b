using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Evaluation;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Cpu;

namespace EsimCse.Bench;

/// <summary>Ids to vectors on the host.</summary>
static class EmbeddingBench
{
    const int Checked = 4;
    const double LeastCosine = 0.999;

    public static void Run(IBackend backend, ElementType precision, Workload work)
    {
        using BertParameters bert = BertParameters.Random(backend, work.Config, head: false, seed: 1, precision);
        using Embedder embedder = new(backend, work.Config, Pooler.Avg);
        int[][] sentences = work.Draw(work.Sentences, 2);
        Check(embedder.Embed(bert.Weights, sentences[..Checked]), work, sentences[..Checked]);
        double[] times = Timing.Of(work.Repetitions, 1, () => embedder.Embed(bert.Weights, sentences), () => { });
        double operations = work.ProductOperations(work.Sentences * work.SentenceLength);
        Timing.Write($"embedding, {work.Sentences} sentences", precision, times, median => $"{work.Sentences / median * 1e3:F0} sentences/s, {operations / median / 1e9:G3} TFLOP/s of products");
    }

    static void Check(float[] vectors, Workload work, int[][] sentences)
    {
        using CpuBackend cpu = new();
        using BertParameters bert = BertParameters.Random(cpu, work.Config, head: false, seed: 1);
        using Embedder embedder = new(cpu, work.Config, Pooler.Avg);
        float[] expected = embedder.Embed(bert.Weights, sentences);
        int size = work.Config.HiddenSize;
        for (int i = 0; i < sentences.Length; i++)
            if (!(SetScore.Cosine(expected.AsSpan(i * size, size), vectors.AsSpan(i * size, size)) > LeastCosine))
                throw new InvalidDataException($"the vector of sentence {i} is not the CPU's");
    }
}

using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Cpu;

namespace EsimCse.Bench;

/// <summary>Times embedding: token ids to vectors on the host.</summary>
static class EmbeddingBench
{
    const int CheckedSentences = 4;
    const double MinCosine = 0.999;

    public static void Run(IBackend backend, ElementType precision, Workload work)
    {
        using BertParameters bert = BertParameters.Random(backend, work.Config, head: false, seed: 1, precision);
        using Embedder embedder = new(backend, work.Config, Pooler.Avg);
        int[][] sentences = work.Draw(work.Sentences, 2);
        int[][] some = sentences[..CheckedSentences];
        Check(embedder.Embed(bert.Weights, some), work, some);
        double[] times = Timing.Measure(work.Repetitions, 1, () => embedder.Embed(bert.Weights, sentences), () => { });
        double teraOperations = work.MatmulOperations(work.Sentences * work.SentenceLength) / 1e12;
        Timing.Write(
            $"embedding, {work.Sentences} sentences",
            precision,
            times,
            median => $"{work.Sentences / median * 1e3:F0} sentences/s, " +
                $"{teraOperations / median * 1e3:G3} TFLOP/s of products");
    }

    /// <summary>Compares vectors with those of the CPU in fp32.</summary>
    static void Check(float[] vectors, Workload work, int[][] sentences)
    {
        using CpuBackend cpu = new();
        using BertParameters bert = BertParameters.Random(cpu, work.Config, head: false, seed: 1);
        using Embedder embedder = new(cpu, work.Config, Pooler.Avg);
        float[] expected = embedder.Embed(bert.Weights, sentences);
        int size = work.Config.HiddenSize;
        for (int i = 0; i < sentences.Length; i++)
        {
            double cosine = Similarity.Cosine(expected.AsSpan(i * size, size), vectors.AsSpan(i * size, size));
            if (cosine > MinCosine) continue;
            throw new InvalidDataException($"sentence {i}: cosine {cosine} to the CPU's vector, expected {MinCosine}");
        }
    }
}

using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Cpu;

namespace EsimCse.Bench;

/// <summary>Times embedding: token ids to vectors on the host.</summary>
sealed class EmbeddingBench : IDisposable
{
    const int CheckedSentences = 4;
    const double MinCosine = 0.999;

    readonly Workload _work;
    readonly BertParameters _bert;
    readonly Embedder _embedder;

    /// <summary>Draws weights and compares vectors with those of the CPU in fp32.</summary>
    public EmbeddingBench(IBackend backend, ElementType precision, Workload work)
    {
        _work = work;
        _bert = BertParameters.Random(backend, work.Config, head: false, seed: 1, precision);
        _embedder = new Embedder(backend, work.Config, Pooler.Avg);
        Check();
    }

    public static void Run(IBackend backend, ElementType precision, Workload work)
    {
        using EmbeddingBench bench = new(backend, precision, work);
        Measurement found = bench.Measure(work);
        Timing.Write(
            $"embedding, {work.Sentences} sentences",
            precision,
            found.Milliseconds,
            median => $"{found.Sentences / median * 1e3:F0} sentences/s, " +
                $"{found.FloatingPointOperations / median / 1e9:G3} TFLOP/s of products");
    }

    /// <summary>Times the embedding of sentences of one length.</summary>
    public Measurement Measure(Workload work)
    {
        int[][] sentences = work.Draw(work.Sentences, 2);
        double[] times = Timing.Measure(
            work.Repetitions, 1, () => _embedder.Embed(_bert.Weights, sentences), () => { });
        double operations = work.MatmulOperations(work.Sentences * work.SentenceLength);
        return new Measurement(times, work.Sentences, operations, 0);
    }

    public void Dispose()
    {
        _embedder.Dispose();
        _bert.Dispose();
    }

    void Check()
    {
        int[][] sentences = _work.Draw(CheckedSentences, 2);
        float[] vectors = _embedder.Embed(_bert.Weights, sentences);
        using CpuBackend cpu = new();
        using BertParameters bert = BertParameters.Random(cpu, _work.Config, head: false, seed: 1);
        using Embedder embedder = new(cpu, _work.Config, Pooler.Avg);
        float[] expected = embedder.Embed(bert.Weights, sentences);
        int size = _work.Config.HiddenSize;
        for (int i = 0; i < sentences.Length; i++)
        {
            double cosine = Similarity.Cosine(expected.AsSpan(i * size, size), vectors.AsSpan(i * size, size));
            if (cosine > MinCosine) continue;
            throw new InvalidDataException($"sentence {i}: cosine {cosine} to the CPU's vector, expected {MinCosine}");
        }
    }
}

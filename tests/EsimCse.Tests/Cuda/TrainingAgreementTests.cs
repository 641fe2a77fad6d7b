using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Cpu;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>The same run on the CPU and on CUDA, with dropout, repetition and queue on: the same draws, so the same numbers but for rounding.</summary>
public class TrainingAgreementTests
{
    /// <summary>Rounding of fp32 in another order, grown by ten steps.</summary>
    const double Loss = 2e-4, Weights = 2e-3;

    static BertConfig Config(SmallModel small) => BertConfig.Read(small.In("config.json"));

    static (List<StepResult> Steps, float[] Parameters, float[] Average) Run(IBackend backend, SmallModel small, Pooler pooler, float dropout = 0.1f)
    {
        using BertParameters bert = BertParameters.Random(backend, Config(small), pooler.HasHead, seed: 3, gap: 24);
        using TrainingStep step = new(bert, new() { Pooler = pooler, QueueSize = 20, LearningRate = 1e-3f, Dropout = dropout, Momentum = 0.9f }, 12);
        Random random = new(8);
        int[] Sentence() => [2, .. Enumerable.Range(0, random.Next(0, 20)).Select(_ => random.Next(5, 20)), 3];
        List<StepResult> steps = [];
        for (int k = 0; k < 10; k++)
        {
            int[][] originals = [.. Enumerable.Range(0, 7).Select(_ => Sentence())];
            int[][] views = [.. originals.Select(ids => ids.Length > 3 ? [.. ids[..2], .. ids[1..]] : ids)];
            step.Run(originals, views);
            steps.Add(step.Read());
        }
        float[] parameters = new float[bert.Weights.Arena.Columns], average = new float[parameters.Length];
        backend.Download(bert.Weights.Arena, parameters.AsSpan());
        backend.Download(step.EmaWeights!.Arena, average.AsSpan());
        return (steps, parameters, average);
    }

    [Theory]
    [InlineData("cls")]
    [InlineData("avg")]
    [InlineData("avg_first_last")]
    [InlineData("avg_top2")]
    public void Ten_steps_agree(string poolerName)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        using SmallModel small = new();
        using CpuBackend cpu = new(1);
        using IBackend cuda = Backends.Create(Backends.Cuda);
        (List<StepResult> expected, float[] weights, float[] average) = Run(cpu, small, pooler);
        (List<StepResult> actual, float[] cudaWeights, float[] cudaAverage) = Run(cuda, small, pooler);
        for (int k = 0; k < expected.Count; k++)
        {
            Assert.Equal(1, actual[k].Loss / expected[k].Loss, Loss);
            Assert.Equal(1, actual[k].GradientNorm / expected[k].GradientNorm, 10 * Loss);
            Assert.Equal(0, actual[k].NotFiniteStep);
        }
        // In units of what a weight can have moved: ten learning rates.
        double Worst(float[] a, float[] b) => a.Zip(b, (x, y) => float.IsNaN(x) && float.IsNaN(y) ? 0 : Math.Abs(x - y)).Max() / 1e-2;
        Assert.InRange(Worst(weights, cudaWeights), 0, 25 * Weights);
        Assert.InRange(Worst(average, cudaAverage), 0, 25 * Weights);
    }

    [Fact]
    public void The_order_of_threads_blocks_and_streams_changes_no_bit()
    {
        using SmallModel small = new();
        float[]? first = null;
        foreach (uint seed in new uint[] { 1, 2, 3 })
        {
            using IBackend cuda = Backends.Create(Backends.Cuda);
            SoftCuda.Seed(seed);
            (_, float[] parameters, _) = Run(cuda, small, Pooler.Cls);
            first ??= parameters;
            Assert.True(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(first).SequenceEqual(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(parameters)), $"seed {seed}");
        }
    }

    [Fact]
    public void A_sentences_vector_has_the_same_bits_in_any_batch_and_place()
    {
        using SmallModel small = new();
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using BertParameters bert = BertParameters.Random(cuda, Config(small), head: true, seed: 3);
        Random random = new(4);
        int[][] sentences = [.. Enumerable.Range(0, 40).Select(i => (int[])[2, .. Enumerable.Range(0, i % 38).Select(_ => random.Next(5, 20)), 3])];
        foreach (Pooler pooler in Pooler.All)
        {
            using Embedder embedder = new(cuda, bert.Config, pooler);
            float[] together = embedder.Embed(bert.Weights, sentences), backward = embedder.Embed(bert.Weights, [.. sentences.Reverse()]);
            for (int i = 0; i < sentences.Length; i++)
            {
                Assert.Equal(together[(i * 16)..(i * 16 + 16)], backward[((39 - i) * 16)..((39 - i) * 16 + 16)]);
                if (i % 7 == 0) Assert.Equal(together[(i * 16)..(i * 16 + 16)], embedder.Embed(bert.Weights, [sentences[i]]));
            }
        }
    }
}

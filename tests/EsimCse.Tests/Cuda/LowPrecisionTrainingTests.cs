using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Cpu;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>Training and embedding in bf16 and fp16 on CUDA, judged by what rounding to those types costs anyone.</summary>
public class LowPrecisionTrainingTests
{
    /// <summary>A gradient may be so much further from the exact one than it is where nothing but the rounding of what is stored is inexact.</summary>
    const double Factor = 2;

    static BertConfig Config(SmallModel small) => BertConfig.Read(small.In("config.json"));

    static (List<StepResult> Steps, Dictionary<string, double[]> Gradients) Run(IBackend backend, SmallModel small, Pooler pooler, ElementType type, int count)
    {
        using BertParameters bert = BertParameters.Random(backend, Config(small) with { InitializerRange = 0.2f }, pooler.HasHead, seed: 3, type, gap: 24);
        using TrainingStep step = new(bert, new() { Pooler = pooler, QueueSize = 20, LearningRate = 1e-3f, Dropout = 0.1f, Momentum = 0.9f }, 12);
        Random random = new(8);
        int[] Sentence() => [2, .. Enumerable.Range(0, random.Next(0, 20)).Select(_ => random.Next(5, 20)), 3];
        List<StepResult> steps = [];
        for (int k = 0; k < count; k++)
        {
            int[][] originals = [.. Enumerable.Range(0, 7).Select(_ => Sentence())];
            step.Run(originals, [.. originals.Select(ids => ids.Length > 3 ? (int[])[.. ids[..2], .. ids[1..]] : ids)]);
            steps.Add(step.Read());
        }
        return (steps, bert.Layout.Tensors.ToDictionary(tensor => tensor.Name, tensor =>
        {
            float[] values = new float[tensor.Count];
            backend.Download(tensor.In(step.Gradients.Arena), values.AsSpan());
            return (double[])[.. values.Select(value => (double)value)];
        }));
    }

    static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(value => value * value));

    [Theory]
    [InlineData("cls")]
    [InlineData("cls_before_pooler")]
    [InlineData("avg")]
    [InlineData("avg_top2")]
    public void Gradients_in_bf16_are_as_near_as_rounding_allows(string poolerName)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        using SmallModel small = new();
        using CpuBackend exact = new(1);
        using RoundedBackend rounding = new();
        using IBackend cuda = Backends.Create(Backends.Cuda);
        Dictionary<string, double[]> expected = Run(exact, small, pooler, ElementType.Float32, 1).Gradients;
        Dictionary<string, double[]> rounded = Run(rounding, small, pooler, ElementType.BFloat16, 1).Gradients, actual = Run(cuda, small, pooler, ElementType.BFloat16, 1).Gradients;
        double all = Norm(expected.Values.SelectMany(values => values));
        foreach ((string name, double[] gradient) in expected)
        {
            double size = Norm(gradient);
            double Error(double[] values) => Norm(values.Zip(gradient, (a, b) => a - b));
            // The gradient of a key's bias is zero: what is found is rounding alone, and judged by the size of all gradients.
            if (name.EndsWith("attention.self.key.bias", StringComparison.Ordinal)) Assert.InRange(Norm(actual[name]), 0, all / 100);
            else Assert.True(size > 0 && Error(actual[name]) <= Factor * Error(rounded[name]), $"{name}: {Error(actual[name]) / size:E2} of its norm, rounding alone costs {Error(rounded[name]) / size:E2}");
            Assert.True(Error(rounded[name]) > 0 && Error(rounded[name]) < 0.2 * Math.Max(size, all / 100), $"{name}: rounding costs {Error(rounded[name]) / size:E2}");
        }
    }

    [Fact]
    public void Ten_steps_in_bf16_lose_what_rounding_loses()
    {
        using SmallModel small = new();
        using CpuBackend exact = new(1);
        using RoundedBackend rounding = new();
        using IBackend cuda = Backends.Create(Backends.Cuda);
        List<StepResult> expected = Run(exact, small, Pooler.Cls, ElementType.Float32, 10).Steps;
        List<StepResult> rounded = Run(rounding, small, Pooler.Cls, ElementType.BFloat16, 10).Steps, actual = Run(cuda, small, Pooler.Cls, ElementType.BFloat16, 10).Steps;
        double worst = expected.Zip(rounded, (a, b) => Math.Abs(a.Loss - b.Loss) / a.Loss).Max();
        Assert.InRange(worst, 1e-5, 0.05);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Math.Abs(pair.First.Loss - pair.Second.Loss) / pair.First.Loss, 0, Factor * worst));
    }

    [Theory]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.Float16)]
    public void Vectors_are_as_near_as_rounding_allows_and_the_same_in_any_batch(ElementType type)
    {
        using SmallModel small = new();
        using CpuBackend exact = new(1);
        using IBackend cuda = Backends.Create(Backends.Cuda);
        Random random = new(4);
        int[][] sentences = [.. Enumerable.Range(0, 40).Select(i => (int[])[2, .. Enumerable.Range(0, i % 38).Select(_ => random.Next(5, 20)), 3])];
        foreach (Pooler pooler in Pooler.All)
        {
            float[] Embed(IBackend backend, ElementType stored, params int[][] batch)
            {
                using BertParameters bert = BertParameters.Random(backend, Config(small), head: true, seed: 3, stored);
                using Embedder embedder = new(backend, bert.Config, pooler);
                return embedder.Embed(bert.Weights, batch);
            }
            float[] expected = Embed(exact, ElementType.Float32, sentences), actual = Embed(cuda, type, sentences);
            double error = Norm(expected.Zip(actual, (a, b) => (double)a - b)) / Norm(expected.Select(value => (double)value));
            Assert.InRange(error, 1e-7, Reference.Cast.Unit(type));
            Assert.Equal(actual[..16], Embed(cuda, type, sentences[0]));
            Assert.Equal(actual[^16..], Embed(cuda, type, sentences[^1], sentences[20])[..16]);
        }
    }

    [Fact]
    public void A_resumed_run_in_bf16_equals_an_uninterrupted_one()
    {
        using SmallModel small = new();
        using IBackend cuda = Backends.Create(Backends.Cuda);
        string Train(string output, params int[] until)
        {
            foreach (int steps in until)
            {
                TrainingJob job = small.Job(output) with { Resume = true };
                using CancellationTokenSource stop = new();
                using Trainer trainer = Trainer.Open(job, cuda, ElementType.BFloat16);
                try
                {
                    trainer.Run(progress => { if (progress.Step == steps) stop.Cancel(); }, stop.Token);
                }
                catch (OperationCanceledException) when (steps < 14) { }
            }
            return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(small.In(output, "model.safetensors"))));
        }
        Assert.Equal(Train("whole", 14), Train("parts", 5, 9, 14));
        Assert.Contains("--precision was bf16, is fp32", Assert.Throws<UsageException>(() => Trainer.Open(small.Job("whole") with { Resume = true }, cuda)).Message, StringComparison.Ordinal);
    }
}

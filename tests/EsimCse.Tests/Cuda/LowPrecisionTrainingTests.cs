using System.Security.Cryptography;
using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Cpu;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>Training and embedding in bf16 and fp16 on CUDA, judged by the error of rounding to those types.</summary>
public class LowPrecisionTrainingTests
{
    /// <summary>Largest multiple of the error of a backend in which only the rounding of storage is inexact.</summary>
    const double Factor = 2;

    static readonly BertConfig Config = SmallModel.Config with { InitializerRange = 0.2f };

    [Fact]
    public void Gradients_in_bf16_are_as_close_as_rounding_allows() => CompareGradients("cls");

    [Fact]
    public void Gradients_in_bf16_with_a_masked_language_loss_are_as_close_as_rounding_allows() =>
        CompareGradients("cls", mlm: true);

    [Theory]
    [InlineData("cls_before_pooler")]
    [InlineData("avg")]
    [InlineData("avg_top2")]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Gradients_in_bf16_are_as_close_as_rounding_allows_under_the_other_poolers(string pooler) =>
        CompareGradients(pooler);

    static void CompareGradients(string poolerName, bool mlm = false)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        using CpuBackend exact = new(1);
        using RoundedBackend rounding = new();
        using IBackend cuda = Backends.Create(Backends.Cuda);
        Dictionary<string, double[]> expected = Gradients(exact, pooler, ElementType.Float32, mlm);
        Dictionary<string, double[]> rounded = Gradients(rounding, pooler, ElementType.BFloat16, mlm);
        Dictionary<string, double[]> actual = Gradients(cuda, pooler, ElementType.BFloat16, mlm);
        double all = Norm(expected.Values.SelectMany(values => values));
        foreach ((string name, double[] gradient) in expected)
        {
            double size = Norm(gradient);
            double cost = Error(gradient, rounded[name]);
            double error = Error(gradient, actual[name]);
            // The true gradient of a key's bias is zero: its rounding is judged by the size of all gradients.
            if (name.EndsWith("attention.self.key.bias", StringComparison.Ordinal))
                Assert.InRange(Norm(actual[name]), 0, all / 100);
            else
                Assert.True(size > 0 && error <= Factor * cost, $"{name}: {error / size:E2}, not {cost / size:E2}");
            Assert.True(cost > 0 && cost < 0.2 * Math.Max(size, all / 100), $"{name}: rounding costs {cost / size:E2}");
        }
    }

    [Fact]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Ten_steps_in_bf16_lose_as_much_as_rounding_loses()
    {
        using CpuBackend exact = new(1);
        using RoundedBackend rounding = new();
        using IBackend cuda = Backends.Create(Backends.Cuda);
        double[] expected = Losses(exact, ElementType.Float32);
        double[] rounded = Losses(rounding, ElementType.BFloat16);
        double[] actual = Losses(cuda, ElementType.BFloat16);
        double worst = expected.Zip(rounded, RelativeError).Max();
        Assert.InRange(worst, 1e-5, 0.05);
        Assert.All(expected.Zip(actual, RelativeError), error => Assert.InRange(error, 0, Factor * worst));

        static double[] Losses(IBackend backend, ElementType type)
        {
            using RandomTraining training = new(backend, Config, Pooler.Cls, type);
            return [.. training.RunMany(10).Select(step => (double)step.Loss)];
        }

        static double RelativeError(double expected, double actual) => Math.Abs(expected - actual) / expected;
    }

    [Theory]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.Float16)]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Vectors_are_as_close_as_rounding_allows_and_the_same_in_any_batch(ElementType type)
    {
        using CpuBackend exact = new(1);
        using IBackend cuda = Backends.Create(Backends.Cuda);
        int[][] sentences = SmallModel.RandomSentences(40);
        int size = Config.HiddenSize;
        foreach (Pooler pooler in Pooler.All)
        {
            float[] expected = Embed(exact, pooler, ElementType.Float32, sentences);
            float[] actual = Embed(cuda, pooler, type, sentences);
            double error = Norm(expected.Zip(actual, (e, a) => (double)e - a));
            Assert.InRange(error / Norm(expected.Select(value => (double)value)), 1e-7, Reference.Cast.Unit(type));
            Assert.Equal(actual[..size], Embed(cuda, pooler, type, sentences[0]));
            Assert.Equal(actual[^size..], Embed(cuda, pooler, type, sentences[^1], sentences[20])[..size]);
        }
    }

    [Fact]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void A_resumed_run_in_bf16_equals_an_uninterrupted_one()
    {
        using SmallModel small = new();
        using IBackend cuda = Backends.Create(Backends.Cuda);
        Assert.Equal(TrainUntil(small, cuda, "whole", 14), TrainUntil(small, cuda, "parts", 5, 9, 14));
        TrainingJob resumed = small.Job("whole") with { Resume = true };
        UsageException error = Assert.Throws<UsageException>(() => Trainer.Open(resumed, cuda));
        Assert.Contains("--precision was bf16, is fp32", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Trains in parts that are cancelled at given steps, and returns a hash of the model.</summary>
    static string TrainUntil(SmallModel small, IBackend cuda, string output, params int[] stops)
    {
        foreach (int last in stops)
        {
            using CancellationTokenSource stop = new();
            using Trainer trainer = Trainer.Open(small.Job(output) with { Resume = true }, cuda, ElementType.BFloat16);
            try
            {
                trainer.Run(
                    progress =>
                    {
                        if (progress.Step == last) stop.Cancel();
                    },
                    stop.Token);
            }
            catch (OperationCanceledException) when (last < stops[^1])
            {
            }
        }
        return Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(small.In(output, "model.safetensors"))));
    }

    static Dictionary<string, double[]> Gradients(IBackend backend, Pooler pooler, ElementType type, bool mlm)
    {
        using RandomTraining training = new(backend, Config, pooler, type, mlm);
        training.Run();
        return training.Tensors(training.Step.Gradients.Arena);
    }

    static float[] Embed(IBackend backend, Pooler pooler, ElementType type, params int[][] sentences)
    {
        using BertParameters bert = BertParameters.Random(backend, SmallModel.Config, head: true, seed: 3, type);
        using Embedder embedder = new(backend, bert.Config, pooler);
        return embedder.Embed(bert.Weights, sentences);
    }

    static double Error(double[] expected, double[] actual) => Norm(expected.Zip(actual, (e, a) => a - e));

    static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(value => value * value));
}

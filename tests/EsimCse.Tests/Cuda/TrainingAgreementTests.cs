using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Cpu;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>The same run on the CPU and on CUDA, with dropout, repetition and queue, has the same numbers.</summary>
[Collection("cuda")]
public class TrainingAgreementTests
{
    const int Steps = 10;

    /// <summary>Rounding of fp32 in another order, grown by ten steps.</summary>
    const double LossTolerance = 2e-4;

    /// <summary>A share of ten learning rates: AdamW divides by small second moments.</summary>
    const double WeightTolerance = 0.05;
    const double TenLearningRates = 1e-2;

    static readonly BertConfig Config = SmallModel.Config;

    [Fact]
    public void Ten_steps_agree() => CompareTenSteps("cls");

    [Fact]
    public void Ten_steps_agree_with_a_masked_language_loss() => CompareTenSteps("cls", mlm: true);

    [Theory]
    [InlineData("avg")]
    [InlineData("avg_first_last")]
    [InlineData("avg_top2")]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void Ten_steps_agree_under_the_other_poolers(string pooler) => CompareTenSteps(pooler);

    static void CompareTenSteps(string poolerName, bool mlm = false)
    {
        Assert.True(Pooler.TryParse(poolerName, out Pooler? pooler));
        using CpuBackend cpu = new(1);
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using RandomTraining expected = new(cpu, Config, pooler, mlm: mlm);
        using RandomTraining actual = new(cuda, Config, pooler, mlm: mlm);
        foreach ((StepResult e, StepResult a) in expected.RunMany(Steps).Zip(actual.RunMany(Steps)))
        {
            Assert.Equal(1, a.Loss / e.Loss, LossTolerance);
            Assert.Equal(1, a.GradientNorm / e.GradientNorm, 10 * LossTolerance);
            if (mlm) Assert.Equal(1, a.MlmLoss!.Value / e.MlmLoss!.Value, LossTolerance);
            Assert.Equal(0, a.NotFiniteStep);
        }
        CheckTensors(Weights(expected), Weights(actual));
        CheckTensors(Ema(expected), Ema(actual));

        static Dictionary<string, double[]> Weights(RandomTraining run) => run.Tensors(run.Parameters.Weights.Arena);
        static Dictionary<string, double[]> Ema(RandomTraining run) => run.Tensors(run.Step.EmaWeights!.Arena);
    }

    static void CheckTensors(Dictionary<string, double[]> expected, Dictionary<string, double[]> actual)
    {
        Tolerance tolerance = new(WeightTolerance * TenLearningRates, 0, "a share of what ten steps can move a weight");
        foreach ((string name, double[] values) in expected) tolerance.Check(values, actual[name], name);
    }

    [Fact]
    public void The_order_of_threads_blocks_and_streams_changes_no_bit()
    {
        byte[]? first = null;
        foreach (uint seed in new uint[] { 1, 2, 3 })
        {
            using IBackend cuda = Backends.Create(Backends.Cuda);
            SoftCuda.Seed(seed);
            using RandomTraining training = new(cuda, Config, Pooler.Cls);
            training.RunMany(Steps);
            byte[] state = training.StateBits();
            first ??= state;
            Assert.True(first.SequenceEqual(state), $"seed {seed}");
        }
    }

    [Fact]
    public void A_sentences_vector_has_the_same_bits_in_any_batch_and_position()
    {
        const int sentences = 40;
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using BertParameters bert = BertParameters.Random(cuda, Config, head: true, seed: 3);
        int[][] batch = SmallModel.RandomSentences(sentences);
        foreach (Pooler pooler in Pooler.All)
        {
            using Embedder embedder = new(cuda, bert.Config, pooler);
            float[][] together = Rows(embedder.Embed(bert.Weights, batch));
            float[][] reversed = Rows(embedder.Embed(bert.Weights, [.. batch.Reverse()]));
            for (int i = 0; i < sentences; i++)
            {
                Assert.Equal(together[i], reversed[sentences - 1 - i]);
                if (i % 7 == 0) Assert.Equal(together[i], embedder.Embed(bert.Weights, [batch[i]]));
            }
        }

        static float[][] Rows(float[] vectors) => [.. vectors.Chunk(Config.HiddenSize)];
    }
}

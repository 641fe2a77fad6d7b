using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>
/// The bytes that kernels and products move in a training step and in a batch of bert-base: a change of these numbers
/// is made on purpose.
/// </summary>
/// <remarks>
/// They grow with the layers, so that runs of two and three layers give them. With 56 pairs, the 3 584 rows that ncu
/// measured on an H200, a step moves 12.39e9 bytes; at commit 77d5cd3, whose kernels are the measured ones, 14.29e9.
/// While traffic is counted products are not computed, so that no other test may run in the process.
/// </remarks>
public class TrafficTests
{
    const int Layers = 12;
    const int Pairs = 8;
    const int BatchSentences = 64;
    const int Tokens = 32;
    const double BertBaseParameters = 109_482_240;
    const double WordParameters = 30522 * 768;

    const double StepBytes = 6.09e9;
    const double BatchBytes = 1.470e9;

    [Fact]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void A_training_step_of_bert_base()
    {
        if (OwnProcess.RunsTest()) return;
        Dictionary<string, KernelTraffic> kernels = CountForBertBase(Train, Pairs);
        // The norm reads each gradient once, of the words those of the batch, and little else.
        const double dense = 4 * (BertBaseParameters - WordParameters);
        Assert.InRange(kernels["gradientnorm_chunks"].Read, dense, 1.01 * dense);
        Assert.InRange(kernels.Values.Sum(kernel => kernel.Bytes), 0.99 * StepBytes, StepBytes);
    }

    [Fact]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void A_batch_of_sentences_through_bert_base()
    {
        if (OwnProcess.RunsTest()) return;
        Dictionary<string, KernelTraffic> kernels = CountForBertBase(Embed, BatchSentences);
        Assert.InRange(kernels.Values.Sum(kernel => kernel.Bytes), 0.99 * BatchBytes, BatchBytes);
    }

    static Dictionary<string, KernelTraffic> CountForBertBase(
        Func<int, int, Dictionary<string, KernelTraffic>> run, int size)
    {
        SoftCuda.CountTraffic(true);
        try
        {
            Dictionary<string, KernelTraffic> two = run(2, size);
            Dictionary<string, KernelTraffic> three = run(3, size);
            Dictionary<string, KernelTraffic> twelve = three.ToDictionary(entry => entry.Key, entry =>
            {
                KernelTraffic fewer = two.GetValueOrDefault(entry.Key);
                return fewer + (Layers - 2) * (entry.Value - fewer);
            });
            Write(twelve);
            return twelve;
        }
        finally
        {
            SoftCuda.CountTraffic(false);
        }
    }

    static Dictionary<string, KernelTraffic> Embed(int layers, int sentences)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using BertParameters bert =
            BertParameters.Random(cuda, Config(layers), head: false, seed: 1, ElementType.Float16);
        using Embedder embedder = new(cuda, bert.Config, Pooler.Avg);
        Wait(cuda, bert);
        SoftCuda.TakeTraffic();
        embedder.Embed(bert.Weights, Sentences(new Random(1), sentences));
        return SoftCuda.TakeTraffic();
    }

    static Dictionary<string, KernelTraffic> Train(int layers, int pairs)
    {
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using BertParameters bert =
            BertParameters.Random(cuda, Config(layers), head: true, seed: 1, ElementType.BFloat16);
        using TrainingStep step = new(bert, new TrainingOptions { QueueSize = 160 }, steps: 100);
        Random random = new(1);
        // The second step: in the first one the moving average equals the weights and keeps its values.
        Run();
        SoftCuda.TakeTraffic();
        Run();
        return SoftCuda.TakeTraffic();

        void Run()
        {
            step.Run(Sentences(random, pairs), Sentences(random, pairs));
            cuda.WaitForSideStream();
            step.Read();
        }
    }

    static BertConfig Config(int layers) => new()
    {
        VocabularySize = 30522,
        HiddenSize = 768,
        Layers = layers,
        Heads = 12,
        IntermediateSize = 3072,
        MaxPositions = 512,
    };

    /// <summary>Waits for all queued work.</summary>
    static void Wait(IBackend cuda, BertParameters bert) =>
        cuda.Download(bert.Weights.Arena.Reshape(bert.Weights.Arena.Columns, 1).Slice(0, 1), new float[1].AsSpan());

    static int[][] Sentences(Random random, int count) =>
    [
        .. Enumerable.Range(0, count).Select(
            _ => Enumerable.Range(0, Tokens).Select(_ => random.Next(30522)).ToArray()),
    ];

    static void Write(Dictionary<string, KernelTraffic> kernels)
    {
        foreach ((string kernel, KernelTraffic traffic) in kernels.OrderByDescending(entry => entry.Value.Bytes))
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{kernel,-36} {traffic.Launches,4} {traffic.Read / 1e6,9:F1} + {traffic.Written / 1e6,9:F1} MB");
        KernelTraffic all = kernels.Values.Aggregate((a, b) => a + b);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{all.Launches} launches, {all.Read / 1e9:F3} GB read, {all.Written / 1e9:F3} GB written");
    }
}

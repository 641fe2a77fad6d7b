using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Cuda;

/// <summary>
/// The bytes that kernels and products move in a training step of bert-base with 3 584 rows, as the one that ncu
/// measured on an H200.
/// </summary>
/// <remarks>
/// They grow with the layers and with the rows, so that four small runs give them: of two and three layers, on four and
/// eight pairs of sentences. Only the parts of layernorm's sums grow no more from 2 048 rows on.
/// </remarks>
[Collection("traffic")]
public class TrafficTests
{
    const int Layers = 12;
    const int Pairs = 56;
    const int Tokens = 32;
    const double BertBaseParameters = 109_482_240;

    [Fact]
    [Trait(TestCategory.Name, TestCategory.Exhaustive)]
    public void A_training_step_of_bert_base()
    {
        SoftCuda.CountTraffic(true);
        try
        {
            Dictionary<string, KernelTraffic> kernels = Extrapolate(
                layers => Extrapolate(pairs => Train(layers, pairs), 4, 8, Pairs), 2, 3, Layers);
            Write(kernels);
            // The norm reads each gradient once, and little else.
            Assert.InRange(kernels["gradientnorm_chunks"].Read, 4 * BertBaseParameters, 4.01 * BertBaseParameters);
        }
        finally
        {
            SoftCuda.CountTraffic(false);
        }
    }

    /// <summary>Returns the traffic of a size on the line through those of two others.</summary>
    static Dictionary<string, KernelTraffic> Extrapolate(
        Func<int, Dictionary<string, KernelTraffic>> run, int first, int second, int size)
    {
        Dictionary<string, KernelTraffic> small = run(first);
        Dictionary<string, KernelTraffic> large = run(second);
        return large.Keys.ToDictionary(kernel => kernel, kernel =>
        {
            KernelTraffic fewer = small.GetValueOrDefault(kernel);
            return fewer + (size - first) * (large[kernel] - fewer) / (second - first);
        });
    }

    static Dictionary<string, KernelTraffic> Train(int layers, int pairs)
    {
        BertConfig config = new()
        {
            VocabularySize = 30522,
            HiddenSize = 768,
            Layers = layers,
            Heads = 12,
            IntermediateSize = 3072,
            MaxPositions = 512,
        };
        using IBackend cuda = Backends.Create(Backends.Cuda);
        using BertParameters bert = BertParameters.Random(cuda, config, head: true, seed: 1, ElementType.BFloat16);
        using TrainingStep step = new(bert, new TrainingOptions { QueueSize = 160 }, steps: 100);
        Random random = new(1);
        cuda.Download(bert.Weights.Arena.Reshape(bert.Weights.Arena.Columns, 1).Slice(0, 1), new float[1].AsSpan());
        SoftCuda.TakeTraffic();
        step.Run(Sentences(random, pairs), Sentences(random, pairs));
        cuda.WaitForSideStream();
        step.Read();
        return SoftCuda.TakeTraffic();
    }

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

/// <summary>While traffic is counted products are not computed, so that no other test may run.</summary>
[CollectionDefinition("traffic", DisableParallelization = true)]
public class TrafficCollection;

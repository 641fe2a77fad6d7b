using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Text;
using EsimCse.Core.Training;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Training;

/// <summary>A batch that is encoded in parts gives the loss and the gradients of the batch in one piece.</summary>
public sealed class GradientCacheTests : IDisposable
{
    const int BatchSize = 64, Sentences = 150, Steps = 4;

    /// <summary>The same sums, cut into parts.</summary>
    const double LossTolerance = 1e-6, GradientTolerance = 1e-5;

    readonly SmallModel _small = new();

    public void Dispose() => _small.Dispose();

    [Theory]
    [InlineData("cpu-3", 1, 160, 1, 0)]
    [InlineData("cpu-3", 7, 160, 1, 0)]
    [InlineData("cpu-1", 7, 20, 1, 0)]
    [InlineData("cpu-1", 7, 0, 1, 0)]
    [InlineData("cpu-3", 7, 20, 2, 0)]
    [InlineData("cpu-3", 7, 20, 3, 0)]
    [InlineData(Backends.Cuda, 7, 20, 1, 0)]
    [InlineData(Backends.Cuda, 17, 160, 3, 0)]
    [InlineData("cpu-3", 1, 20, 1, 0.3f)]
    [InlineData("cpu-3", 7, 160, 3, 0.3f)]
    [InlineData("cpu-1", 17, 0, 2, 0.3f)]
    [InlineData(Backends.Cuda, 17, 20, 3, 0.3f)]
    [InlineData(Backends.Cuda, 1, 20, 1, 0.3f, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    [InlineData(Backends.Cuda, 1, 160, 1, 0, Traits = [TestCategory.Name, TestCategory.Exhaustive])]
    public void Losses_and_gradients_are_those_of_the_whole_batch(
        string device, int part, int queue, int columns, float mlmWeight)
    {
        using IBackend backend = Backends.Create(device);
        Result[] whole = Run(backend, null, queue, columns, mlmWeight);
        Result[] parts = Run(backend, part, queue, columns, mlmWeight);
        foreach ((Result expected, Result found) in whole.Zip(parts))
        {
            Assert.Equal(1, found.Loss / expected.Loss, LossTolerance);
            if (mlmWeight > 0) Assert.Equal(1, found.MlmLoss!.Value / expected.MlmLoss!.Value, LossTolerance);
            AssertClose(expected.Gradients, found.Gradients);
            AssertClose(Sorted(expected.Queue), Sorted(found.Queue));
        }
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_part_as_large_as_the_batch_changes_no_bit(string device)
    {
        using IBackend backend = Backends.Create(device);
        Result[] whole = Run(backend, null, 20, 1), parts = Run(backend, BatchSize, 20, 1);
        Assert.Equal(whole.Select(step => step.Loss), parts.Select(step => step.Loss));
        Assert.Equal(whole[^1].Gradients, parts[^1].Gradients);
    }

    Result[] Run(IBackend backend, int? part, int queue, int columns, float mlmWeight = 0)
    {
        TrainingOptions options = new()
        {
            BatchSize = BatchSize,
            MicroBatch = part,
            QueueSize = queue,
            RepetitionDraw = RepetitionDraw.Step,
            RepetitionRate = 0.6,
            LearningRate = 1e-3f,
            HardNegativeWeight = 0.3f,
            MlmWeight = mlmWeight,
        };
        BertTokenizer tokenizer = BertTokenizer.Load(_small.Folder);
        using BertParameters bert = BertParameters.Random(
            backend, SmallModel.Config, head: true, seed: 3, maskedLanguageHead: mlmWeight > 0);
        using TrainingStep step = new(bert, options, Steps);
        Corpus corpus = ReadCorpus(tokenizer, columns);
        PositiveViews positives = new(options, tokenizer, bert.Config.MaxPositions);
        using TokenMasking? masking = mlmWeight > 0 ? new(backend, options, tokenizer) : null;
        using IBatchSource source = IBatchSource.Open(backend, corpus, positives, BatchSize, masking);
        return [.. Enumerable.Range(1, Steps).Select(RunStep)];

        Result RunStep(int number)
        {
            source.SetEpochOrder(corpus.Order(1, (number - 1) / corpus.Batches(BatchSize), shuffle: true));
            step.Run(source, number);
            StepResult result = step.Read();
            return new(
                result.Loss, result.MlmLoss, Download(backend, step.Gradients.Arena, bert), ReadQueue(backend, step));
        }
    }

    Corpus ReadCorpus(BertTokenizer tokenizer, int columns)
    {
        Random random = new(8);
        string[] words = ["the", "a", "cat", "dog", "bird", "sees", "hears", "old", "red", "tree"];
        string Text() => string.Join(' ', random.GetItems(words, random.Next(1, 12)));
        string file = _small.In("rows.tsv");
        string[] header = ["a", "b", "c"];
        IEnumerable<string> rows = Enumerable.Range(0, Sentences).Select(_ => $"{Text()}\t{Text()}\t{Text()}");
        File.WriteAllLines(file, [string.Join('\t', header), .. rows]);
        return columns == 1
            ? Corpus.Read([file], "a", tokenizer, 32)
            : Corpus.ReadColumns([file], header[..columns], tokenizer, 32);
    }

    /// <summary>Returns the gradients of all tensors; the gaps between them are undefined.</summary>
    static float[] Download(IBackend backend, Matrix arena, BertParameters bert)
    {
        float[] all = new float[arena.Count];
        backend.Download(arena, all.AsSpan());
        return [.. bert.Layout.Tensors.SelectMany(tensor => all.Skip((int)tensor.Offset).Take((int)tensor.Count))];
    }

    static float[] ReadQueue(IBackend backend, TrainingStep step)
    {
        if (step.State.All(part => part.Name != "queue")) return [];
        Matrix queue = step.State.Single(part => part.Name == "queue").Matrix;
        float[] rows = new float[queue.Count];
        backend.Download(queue, rows.AsSpan());
        return rows;
    }

    /// <summary>Returns the numbers by size: parts fill the ring in another order than a larger batch.</summary>
    static float[] Sorted(float[] numbers) => [.. numbers.Order()];

    static void AssertClose(float[] expected, float[] found)
    {
        double squares = expected.Sum(value => (double)value * value);
        double difference = expected.Zip(found, (a, b) => (double)(a - b) * (a - b)).Sum();
        Assert.InRange(Math.Sqrt(difference), 0, GradientTolerance * Math.Sqrt(squares) + 1e-12);
    }

    sealed record Result(float Loss, float? MlmLoss, float[] Gradients, float[] Queue);
}

using System.Diagnostics;
using EsimCse.Core.Model;
using EsimCse.Core.Model.Poolers;
using EsimCse.Core.Training;
using EsimCse.Cpu;

namespace EsimCse.Bench.Growth;

/// <summary>Measures embedding and training on the CPU while one size grows.</summary>
/// <param name="quick">Whether to measure small sizes only, to see that everything runs.</param>
sealed class GrowthMeasurements(bool quick)
{
    const int SentenceLength = 26;
    const int PositiveLength = 29;
    const int HeadSize = 64;
    const int Repetitions = 3;
    const int WarmUpMilliseconds = 700;
    const int Tokens = 4096;
    const int Vocabulary = 1000;

    static BertConfig Model { get; } = Config(hidden: 384, layers: 2);

    public IEnumerable<GrowthCurve> Measure()
    {
        int all = Environment.ProcessorCount;
        yield return Curve("sentences", "Embedding, sentences of a call", "sentences", [1, 4, 16, 64, 256], size =>
            Embedding(Model, size, SentenceLength, all));
        yield return Curve("length", "Embedding, tokens of a sentence", "tokens", [8, 32, 128, 512], size =>
            Embedding(Model, Tokens / size, size, all));
        yield return Curve("width", "Embedding, width of the model", "hidden size", [128, 256, 512, 1024], size =>
            Embedding(Config(size, layers: 2), Tokens / 4 / SentenceLength, SentenceLength, all));
        int[] threads = [.. Enumerable.Range(0, 12).Select(power => 1 << power).TakeWhile(count => count < all), all];
        yield return Curve("threads", "Embedding, threads", "threads", threads, size =>
        {
            GrowthPoint point = Embedding(Model, Tokens / SentenceLength, SentenceLength, size);
            // With more threads the same work is shared: what each does is to shrink with their number.
            return point with { Work = point.Work / size };
        });
        yield return Curve("batch", "Training step, sentences of a batch", "sentences", [8, 32, 128, 256], size =>
            Training(size, 160));
        yield return Curve("queue", "Training step of 64, rows of the queue", "rows", [64, 256, 1024, 4096], size =>
            Training(64, size));
    }

    GrowthCurve Curve(string name, string title, string axis, int[] sizes, Func<int, GrowthPoint> measure)
    {
        int count = quick ? Math.Min(2, sizes.Length) : sizes.Length;
        List<GrowthPoint> points = [];
        foreach (int size in sizes.Take(count))
        {
            GrowthPoint point = measure(size) with { Size = size };
            Console.Error.WriteLine($"{title} {size}: {point.Milliseconds:F1} ms");
            points.Add(point);
        }
        return new GrowthCurve(name, title, axis, [.. points]);
    }

    static GrowthPoint Embedding(BertConfig config, int sentences, int length, int threads)
    {
        using CpuBackend backend = new(threads);
        using BertParameters bert = BertParameters.Random(backend, config, head: false, seed: 1);
        using Embedder embedder = new(backend, config, Pooler.Avg);
        using IDisposable? frozen = embedder.FreezeWeights(bert.Weights);
        int[][] ids = Draw(sentences, length, 2);
        double tokens = (double)sentences * length;
        // Attention: scores and their product with the values, over the tokens of a sentence.
        double attention = 4 * tokens * length * config.HiddenSize * config.Layers;
        double milliseconds = Median(() => embedder.Embed(bert.Weights, ids));
        return new GrowthPoint(0, config.MatmulOperations(tokens) + attention, milliseconds);
    }

    static GrowthPoint Training(int batch, int queue)
    {
        using CpuBackend backend = new();
        using BertParameters bert = BertParameters.Random(backend, Model, head: true, seed: 1);
        TrainingOptions options = new() { BatchSize = batch, QueueSize = queue };
        using TrainingStep step = new(bert, options, int.MaxValue);
        int[][] anchors = Draw(batch, SentenceLength, 3);
        int[][] positives = Draw(batch, PositiveLength, 4);
        // The queue is full before the time counts.
        for (int rows = 0; rows < queue; rows += batch) Step();
        double milliseconds = Median(Step);
        double views = Model.ClsOperations(batch * (SentenceLength + PositiveLength), 2 * batch);
        double momentum = Model.ClsOperations(batch * SentenceLength, batch);
        double logits = 6.0 * batch * (batch + queue) * Model.HiddenSize;
        return new GrowthPoint(0, 3 * views + momentum + logits, milliseconds);

        void Step()
        {
            step.Run(anchors, positives);
            step.Read();
        }
    }

    /// <summary>Returns the median of short measurements, each of a tenth of a second at least.</summary>
    static double Median(Action run)
    {
        const double leastMilliseconds = 100;
        // The compiler optimizes in the background what has run for a while.
        for (Stopwatch warmUp = Stopwatch.StartNew(); warmUp.ElapsedMilliseconds < WarmUpMilliseconds;) run();
        double once = Timing.Measure(1, 1, run, () => { })[0];
        int runs = (int)Math.Clamp(leastMilliseconds / once, 1, 1000);
        double[] times = Timing.Measure(Repetitions, runs, run, () => { });
        return times.Order().ElementAt(Repetitions / 2);
    }

    static int[][] Draw(int count, int length, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (int[])[.. Enumerable.Range(0, length).Select(_ => Next())])];

        int Next() => random.Next(Vocabulary);
    }

    static BertConfig Config(int hidden, int layers) => new()
    {
        VocabularySize = Vocabulary,
        HiddenSize = hidden,
        Layers = layers,
        Heads = hidden / HeadSize,
        IntermediateSize = 4 * hidden,
        MaxPositions = 512,
    };
}

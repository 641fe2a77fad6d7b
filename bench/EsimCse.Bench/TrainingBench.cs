using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Text;
using EsimCse.Core.Training;

namespace EsimCse.Bench;

/// <summary>
/// Times whole steps of ESimCSE as a run executes them: batches packed on the device with drawn repetitions, queue,
/// momentum encoder, dropout, update, and the results of a step read while the next one runs.
/// </summary>
static class TrainingBench
{
    /// <summary>Sentences of all batches, a few batches at the least.</summary>
    const int CorpusSize = 1024;
    const int MaxBatches = 16;
    const int MinBatches = 2;

    /// <summary>Runs of a repetition where a batch is small.</summary>
    const int MaxRuns = 8;
    const int MaxTokensOfRepetition = 16384;

    public static void Run(IBackend backend, ElementType precision, Workload work)
    {
        using BertParameters bert = BertParameters.Random(backend, work.Config, head: true, seed: 1, precision);
        Measurement found = Measure(bert, work);
        Timing.Write(
            $"training step, {work.Batch} sentences",
            precision,
            found.Milliseconds,
            median => $"{found.Sentences / median * 1e3:F0} sentences/s, " +
                $"{found.FloatingPointOperations / median / 1e9:G3} TFLOP/s of products");
    }

    /// <summary>Times steps that train a model, and checks the first and the last.</summary>
    public static Measurement Measure(BertParameters bert, Workload work)
    {
        TrainingOptions options = new() { BatchSize = work.Batch };
        if (work.SentenceLength > options.MaxLength) options = options with { MaxLength = work.SentenceLength };
        (Corpus corpus, PositiveViews positives) = CreateCorpus(work, options);
        using TrainingStep step = new(bert, options, int.MaxValue);
        using IBatchSource source = IBatchSource.Open(bert.Backend, corpus, positives, work.Batch);
        source.SetEpochOrder(corpus.Order(options.Seed, 0, shuffle: true));
        int done = 0;
        StepResult last = default;
        Next();
        Wait();
        CheckFirstLoss(last, work.Batch);
        // The second epoch captures the graphs of all batches.
        for (int i = 0; i < 2 * Batches(work); i++) Next();
        int mostRuns = work.IsSmall ? 1 : MaxRuns;
        int runs = Math.Clamp(MaxTokensOfRepetition / (work.Batch * work.SentenceLength), 1, mostRuns);
        double[] times = Timing.Measure(work.Repetitions, runs, Next, Wait);
        if (last.NotFiniteStep != 0) throw new InvalidDataException($"step {last.NotFiniteStep} was not finite");
        // Weights, gradients, moments and EMA: AdamW reads five and writes four, and two bf16 copies of weights.
        double bytes = (9 * sizeof(float) + 2 * sizeof(ushort)) * (double)bert.Layout.Length;
        return new Measurement(times, work.Batch, MatmulOperations(work, corpus, positives), bytes);

        void Next()
        {
            step.Run(source, ++done);
            step.Results.Enqueue();
            if (step.Results.Count > 1) last = step.Results.Dequeue();
        }

        void Wait()
        {
            while (step.Results.Count > 0) last = step.Results.Dequeue();
        }
    }

    /// <summary>Checks the loss of random vectors with an empty queue: it is close to that of a guess.</summary>
    static void CheckFirstLoss(StepResult result, int batch)
    {
        bool plausible = result.Loss > 0 && result.Loss < 3 * Math.Log(batch) + 3 && result.NotFiniteStep == 0;
        if (!plausible) throw new InvalidDataException($"the first loss is {result.Loss}");
    }

    /// <summary>Draws random sentences from a vocabulary of one token a word.</summary>
    static (Corpus Corpus, PositiveViews Positives) CreateCorpus(Workload work, TrainingOptions options)
    {
        string folder = Directory.CreateTempSubdirectory("esimcse-bench-").FullName;
        IEnumerable<string> words = Enumerable.Range(5, work.Config.VocabularySize - 5).Select(id => $"w{id}");
        File.WriteAllLines(Path.Combine(folder, "vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. words]);
        BertTokenizer tokenizer = BertTokenizer.Load(folder);
        Directory.Delete(folder, recursive: true);
        IEnumerable<string> sentences =
            from ids in work.Draw(Batches(work) * work.Batch, 1)
            select string.Join(' ', ids[1..^1].Select(id => $"w{id}"));
        Corpus corpus = Corpus.From(sentences, tokenizer, options.MaxLength);
        return (corpus, new PositiveViews(options, tokenizer, work.Config.MaxPositions));
    }

    /// <summary>
    /// Returns the floating-point operations of the matrix products of a mean step: forward and backward of both views,
    /// and the momentum encoder's forward of the anchors.
    /// </summary>
    static double MatmulOperations(Workload work, Corpus corpus, PositiveViews positives)
    {
        long anchorTokens = 0;
        long positiveTokens = 0;
        for (int i = 0; i < corpus.Count; i++)
        {
            (int[] ids, uint line) = corpus[i];
            anchorTokens += ids.Length;
            positiveTokens += positives.Draw(ids, line, 0).Length;
        }
        int batches = Batches(work);
        double views = work.Config.ClsOperations((anchorTokens + positiveTokens) / batches, 2 * work.Batch);
        return 3 * views + work.Config.ClsOperations(anchorTokens / batches, work.Batch);
    }

    static int Batches(Workload work) =>
        work.IsSmall ? MinBatches : Math.Clamp(CorpusSize / work.Batch, MinBatches, MaxBatches);
}

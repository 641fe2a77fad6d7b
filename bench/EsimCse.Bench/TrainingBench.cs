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
    const int Batches = 16;
    const int Runs = 8;

    public static void Run(IBackend backend, ElementType precision, Workload work)
    {
        TrainingOptions options = new() { BatchSize = work.Batch };
        (Corpus corpus, PositiveViews positives) = CreateCorpus(work, options);
        using BertParameters bert = BertParameters.Random(backend, work.Config, head: true, seed: 1, precision);
        using TrainingStep step = new(bert, options, int.MaxValue);
        using IBatchSource source = IBatchSource.Open(backend, corpus, positives, work.Batch);
        source.SetEpochOrder(corpus.Order(options.Seed, 0, shuffle: true));
        int done = 0;
        StepResult last = default;
        Next();
        Wait();
        CheckFirstLoss(last, work.Batch);
        double[] times = Timing.Measure(work.Repetitions, Runs, Next, Wait);
        if (last.NotFiniteStep != 0) throw new InvalidDataException($"step {last.NotFiniteStep} was not finite");
        double teraOperations = MatmulOperations(work, corpus, positives) / 1e12;
        Timing.Write(
            $"training step, {work.Batch} sentences",
            precision,
            times,
            median => $"{work.Batch / median * 1e3:F0} sentences/s, " +
                $"{teraOperations / median * 1e3:G3} TFLOP/s of products");

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
            from ids in work.Draw(Batches * work.Batch, 1)
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
        int viewTokens = (int)((anchorTokens + positiveTokens) / Batches);
        return 3 * work.MatmulOperations(viewTokens) + work.MatmulOperations((int)(anchorTokens / Batches));
    }
}

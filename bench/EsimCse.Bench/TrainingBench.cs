using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCse.Core.Text;
using EsimCse.Core.Training;

namespace EsimCse.Bench;

/// <summary>Whole steps of ESimCSE as a run takes them: batches packed on the device with drawn repetitions, queue, momentum encoder, dropout, update, and the step before read meanwhile.</summary>
static class TrainingBench
{
    const int Batches = 16, Runs = 8;

    public static void Run(IBackend backend, ElementType precision, Workload work)
    {
        TrainingOptions options = new() { BatchSize = work.Batch };
        (Corpus corpus, PositiveViews repetition) = Text(work, options);
        using BertParameters bert = BertParameters.Random(backend, work.Config, head: true, seed: 1, precision);
        using TrainingStep step = new(bert, options, int.MaxValue);
        using ResidentCorpus resident = ResidentCorpus.TryOpen(backend, corpus, repetition, work.Batch) ?? throw new InvalidDataException("the corpus does not fit the device");
        resident.SetEpochOrder(corpus.Order(options.Seed, 0, shuffle: true));
        int done = 0;
        StepResult last = default;
        void Next()
        {
            step.Run(resident, ++done);
            step.Results.Enqueue();
            if (step.Results.Count > 1) last = step.Results.Dequeue();
        }
        void Wait()
        {
            while (step.Results.Count > 0) last = step.Results.Dequeue();
        }
        Next();
        Wait();
        // Without a queue yet, random vectors lie about equally near: a loss near that of a guess.
        if (!(last.Loss > 0 && last.Loss < 3 * Math.Log(work.Batch) + 3 && last.NotFiniteStep == 0)) throw new InvalidDataException($"the first loss is {last.Loss}");
        double[] times = Timing.Of(work.Repetitions, Runs, Next, Wait);
        if (last.NotFiniteStep != 0) throw new InvalidDataException($"step {last.NotFiniteStep} was not finite");
        double operations = Operations(work, corpus, repetition);
        Timing.Write($"training step, {work.Batch} sentences", precision, times, median => $"{work.Batch / median * 1e3:F0} sentences/s, {operations / median / 1e9:G3} TFLOP/s of products");
    }

    /// <summary>Random sentences of a vocabulary made for them, a word a piece.</summary>
    static (Corpus Corpus, PositiveViews Repetition) Text(Workload work, TrainingOptions options)
    {
        string folder = Directory.CreateTempSubdirectory("esimcse-bench-").FullName;
        File.WriteAllLines(Path.Combine(folder, "vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. Enumerable.Range(5, work.Config.VocabularySize - 5).Select(id => $"w{id}")]);
        BertTokenizer tokenizer = BertTokenizer.Load(folder);
        Directory.Delete(folder, recursive: true);
        IEnumerable<string> sentences = work.Draw(Batches * work.Batch, 1).Select(ids => string.Join(' ', ids[1..^1].Select(id => $"w{id}")));
        return (Corpus.From(sentences, tokenizer, options.MaxLength), new PositiveViews(options, tokenizer, work.Config.MaxPositions));
    }

    /// <summary>Of the products of a mean step: forward and backward of both views, and the momentum encoder's forward of the first.</summary>
    static double Operations(Workload work, Corpus corpus, PositiveViews repetition)
    {
        long originals = 0, views = 0;
        for (int i = 0; i < corpus.Count; i++)
        {
            (int[] ids, uint line) = corpus[i];
            (originals, views) = (originals + ids.Length, views + repetition.DrawLength(ids, line, 0));
        }
        return 3 * work.ProductOperations((int)((originals + views) / Batches)) + work.ProductOperations((int)(originals / Batches));
    }
}

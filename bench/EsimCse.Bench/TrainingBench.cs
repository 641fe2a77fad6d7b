using EsimCse.Model;
using EsimCse.Training;

namespace EsimCse.Bench;

/// <summary>Whole steps of ESimCSE: queue, momentum encoder, dropout, update.</summary>
static class TrainingBench
{
    const int QueueSize = 160, Runs = 8;

    public static void Run(IBackend backend, ElementType precision, Workload work)
    {
        using Bert bert = Bert.Random(backend, work.Config, head: true, seed: 1, precision);
        using TrainingStep step = new(bert, new() { BatchSize = work.Batch, QueueSize = QueueSize }, int.MaxValue);
        int[][] originals = work.Draw(work.Batch, 1), views = [.. originals.Select(Workload.Repeated)];
        step.Run(originals, views);
        StepResult first = step.Read();
        // Without a queue yet, random vectors lie about equally near: a loss near that of a guess.
        if (!(first.Loss > 0 && first.Loss < 3 * Math.Log(work.Batch) + 3 && first.NotFiniteStep == 0)) throw new InvalidDataException($"the first loss is {first.Loss}");
        int passed = originals.Concat(views).Sum(ids => ids.Length), momentum = originals.Sum(ids => ids.Length);
        double operations = 3 * work.ProductOperations(passed) + work.ProductOperations(momentum);
        double[] times = Timing.Of(work.Repetitions, Runs, () => step.Run(originals, views), () => step.Read());
        Timing.Write($"training step, {work.Batch} sentences", precision, times, median => $"{work.Batch / median * 1e3:F0} sentences/s, {operations / median / 1e9:G3} TFLOP/s of products");
    }
}

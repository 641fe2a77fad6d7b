using EsimCse.Bench.Operations;
using EsimCse.Core;
using EsimCse.Core.Backend;

namespace EsimCse.Bench.Kit;

/// <summary>
/// The times of the operations of a model at the sizes of a training step and of an embedding batch. Each run takes
/// another copy of the buffers, so that they are read from memory and not from the cache.
/// </summary>
sealed class OperationTimes(IBackend backend, ElementType type, Workload work)
{
    const int Runs = 16;

    /// <summary>Copies of all buffers, of so few tokens that one would fit into the cache.</summary>
    const int FewTokensCopies = 8;
    const int ManyTokensCopies = 2;

    /// <summary>Runs of a pass over all parameters, which no cache holds.</summary>
    const int OptimizerRuns = 2;

    public void Write(KitLine line)
    {
        int sentences = type == ElementType.Float16
            ? backend.PreferredBatchTokens / work.SentenceLength
            : 2 * work.Batch;
        using WorkClock clock = new(backend);
        int copies = type == ElementType.Float16 || work.IsSmall ? ManyTokensCopies : FewTokensCopies;
        int runs = work.IsSmall ? copies : Runs;
        List<OperationSet> sets = [];
        try
        {
            while (sets.Count < copies) sets.Add(new OperationSet(backend, type, work, sentences));
            for (int index = 0; index < sets[0].Cases.Count; index++)
            {
                OperationCase[] cases = [.. sets.Select(set => set.Cases[index])];
                double[] times = clock.Measure(cases, work.Repetitions, runs, run => cases[run % copies].Run());
                Write(line, cases[0], times, sentences);
            }
        }
        finally
        {
            foreach (OperationSet set in sets) set.Dispose();
        }
        if (type == ElementType.BFloat16) WriteOptimizer(line, clock);
    }

    void WriteOptimizer(KitLine line, WorkClock clock)
    {
        using OptimizerBench optimizer = new(backend, work);
        optimizer.CheckUpdate();
        foreach (OperationCase pass in optimizer.Cases)
            Write(line, pass, clock.Measure(pass, work.Repetitions, OptimizerRuns, _ => pass.Run()), sentences: 0);
    }

    void Write(KitLine line, OperationCase done, double[] times, int sentences) => line.Write(
        "operation",
        done.ToString(),
        new Measurement(times, 0, done.FloatingPointOperations, done.Bytes),
        sentences,
        work.SentenceLength);
}

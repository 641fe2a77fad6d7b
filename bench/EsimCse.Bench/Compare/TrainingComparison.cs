using System.Globalization;
using EsimCse.Bench.Participants;
using EsimCse.Core.Model;

namespace EsimCse.Bench.Compare;

/// <summary>Whole steps of ESimCSE: both views, queue, momentum encoder, clipping, update.</summary>
sealed class TrainingComparison(CompareOptions options, WorkFolder work, Programs programs)
{
    const int Batch = 64;
    const int Queue = 160;
    const int Batches = 16;
    const float Dropout = 0.1f;
    const float LearningRate = 3e-5f;

    /// <summary>Runs the comparison.</summary>
    /// <param name="model">The model folder.</param>
    /// <param name="rounds">Rounds of each participant, of a step each.</param>
    /// <param name="checks">The lines of the checks of gradients.</param>
    public ComparisonTable Run(string model, int rounds, IReadOnlyList<string> checks)
    {
        string text = work.Sentences(Batch * Batches);
        List<RaceResult> results = [];
        foreach (int threads in options.Threads)
        {
            TrainingWorkOptions training = new(model, text, threads, Batch, Queue, Dropout, LearningRate, Steps: 1);
            int count = options.Rounds(rounds, threads);
            results.AddRange(Race.Run(Starts(training), threads, count, _ => "above"));
        }
        string name = Path.GetFileName(model);
        string rate = Dropout.ToString(CultureInfo.InvariantCulture);
        return new ComparisonTable(
            $"Training step, {name}",
            $"Batches of {Batch} sentences, queue of {Queue}, subword repetition, momentum encoder, dropout {rate}; " +
            $"{options.DescribeRounds(rounds, "steps")}.",
            "sentences/s",
            results)
        {
            Items = Batch,
            FloatingPointOperations = StepOperations(model, text),
            Checks = checks,
        };
    }

    ParticipantStart[] Starts(TrainingWorkOptions training) =>
    [
        Programs.Own("fp32", ["train", .. training.ToArguments()]),
        .. TorchVariant.All.Select(variant => variant.Start(programs, training)),
    ];

    /// <summary>
    /// Returns the floating-point operations of the matrix products of a mean step: forward and backward of both views,
    /// and the momentum encoder's forward of the anchors; of the last layer, what [CLS] needs.
    /// </summary>
    static double StepOperations(string model, string text)
    {
        TrainingWork work = new(new(model, text, 1, Batch, Queue, Dropout, LearningRate, 1));
        BertConfig config = BertConfig.Read(Path.Combine(model, "config.json"));
        double anchorTokens = 0;
        double positiveTokens = 0;
        for (int step = 1; step <= Batches; step++)
        {
            (int[][] anchors, int[][] positives) = work.Views(step);
            anchorTokens += anchors.Sum(ids => ids.Length);
            positiveTokens += positives.Sum(ids => ids.Length);
        }
        double views = config.ClsOperations((anchorTokens + positiveTokens) / Batches, 2 * Batch);
        return 3 * views + config.ClsOperations(anchorTokens / Batches, Batch);
    }
}

using EsimCse.Core;
using EsimCse.Core.Backend;
using EsimCse.Core.Model;
using EsimCseNative;

namespace EsimCse.Bench.Kit;

/// <summary>
/// Measures one part of the GPU kit's work: ceilings, steps, embedding or operations, of one model and precision.
/// </summary>
static class KitCommand
{
    const int Repetitions = 5;
    const int ShortTokens = 26;
    const int LongTokens = 128;

    /// <summary>Sentences that are embedded to see the highest rate, of short ones; fewer of long ones.</summary>
    const int ManySentences = 16384;

    /// <summary>Runs the command: part, device, precision and model.</summary>
    /// <returns>The exit status.</returns>
    public static int Run(string[] arguments)
    {
        if (arguments.Length != 4) throw new ArgumentException("expected PART DEVICE PRECISION MODEL");
        DeviceChoice choice = new(arguments[1], Precision: ElementTypes.FromName(arguments[2]));
        Workload work = Workload.Named(arguments[3]);
        if (!work.IsSmall) work = work with { Repetitions = Repetitions };
        using IBackend backend = choice.Open(work.Config);
        ElementType type = choice.PrecisionOn(backend, training: arguments[0] == "steps");
        KitLine line = new(type, arguments[3]);
        switch (arguments[0])
        {
            case "ceilings":
                new Ceilings(backend, type, work.IsSmall).Write(line);
                break;
            case "steps":
                TimeSteps(backend, type, work, line);
                break;
            case "embedding":
                TimeEmbedding(backend, type, work, line);
                break;
            case "operations":
                new OperationTimes(backend, type, work).Write(line);
                break;
            default:
                throw new ArgumentException($"{arguments[0]}: expected ceilings, steps, embedding or operations");
        }
        return 0;
    }

    static void TimeSteps(IBackend backend, ElementType type, Workload work, KitLine line)
    {
        using BertParameters bert = BertParameters.Random(backend, work.Config, head: true, seed: 1, type);
        (int Tokens, int[] Batches)[] grid =
        [
            (ShortTokens, [64, 16, 32, 128, 256, 512, 1024]),
            (LongTokens, [16, 64, 256]),
        ];
        if (type == ElementType.Float32) grid = [(ShortTokens, [64])];
        if (work.IsSmall) grid = [(work.SentenceLength, [4, 8])];
        foreach ((int tokens, int[] batches) in grid)
            foreach (int batch in batches)
            {
                Workload sized = work with { Batch = batch, SentenceLength = tokens };
                line.Try("step", "training step", sized, batch, () => TrainingBench.Measure(bert, sized));
            }
    }

    static void TimeEmbedding(IBackend backend, ElementType type, Workload work, KitLine line)
    {
        using EmbeddingBench bench = new(backend, type, work);
        (int Tokens, int[] Batches)[] grid =
        [
            (ShortTokens, [ManySentences, 16, 64, 256, 1024]),
            (LongTokens, [ManySentences / 4, 16, 64, 256, 1024]),
        ];
        if (type != ElementType.Float16) grid = [(ShortTokens, [ManySentences / 2])];
        if (work.IsSmall) grid = [(work.SentenceLength, [4, 8])];
        foreach ((int tokens, int[] batches) in grid)
            foreach (int batch in batches)
            {
                Workload sized = work with { Sentences = batch, SentenceLength = tokens };
                line.Try("embedding", "from ids to vectors", sized, batch, () => bench.Measure(sized));
            }
    }
}
